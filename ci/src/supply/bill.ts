/**
 * The bill of materials in an image (CycloneDX, /app/sbom.cdx.json, made while bundling) against the lock file of its commit:
 * every package must be one that the lock names, with the same hash. https://cyclonedx.org/specification/overview/
 */
import { PipelineError } from '../errors.ts';

/** Where the Dockerfile puts it. */
export const BILL = '/app/sbom.cdx.json';

/** Returns a line for the report. Throws IMAGE_NOT_LOCKED. */
export function checkBill(bill: string, lock: string): string {
  const { components }: Record<string, unknown> = Object(JSON.parse(bill));
  if (!Array.isArray(components)) throw notLocked('the bill of materials of the image lists no components', []);
  const locked = hashesIn(lock);
  const packages = components.filter(({ purl }) => String(purl).startsWith('pkg:npm/'));
  const problems = packages.flatMap(({ name, version, hashes }) => {
    const known = locked.get(`${name}@${version}`);
    if (known === undefined) return [`${name} ${version} is not in package-lock.json`];
    const own = (Array.isArray(hashes) ? hashes : []).map(({ content }) => content);
    return own.includes(known) ? [] : [`${name} ${version} has another hash than in package-lock.json`];
  });
  if (problems.length > 0) throw notLocked('the image holds what package-lock.json does not', problems);
  return `bill of materials: ${packages.length} npm packages, all as in package-lock.json`;
}

/** Of each package, the hash as hexadecimal digits. https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
function hashesIn(lock: string): Map<string, string> {
  const { packages }: Record<string, unknown> = Object(JSON.parse(lock));
  const hashes = new Map<string, string>();
  for (const [path, value] of Object.entries(Object(packages))) {
    const { name, version, integrity }: Record<string, unknown> = Object(value);
    const [, base64] = /^sha512-([\w+/=]+)/.exec(String(integrity)) ?? [];
    const own = name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (base64) hashes.set(`${own}@${version}`, Buffer.from(base64, 'base64').toString('hex'));
  }
  return hashes;
}

function notLocked(headline: string, evidence: string[]): PipelineError {
  const next = 'build again from a clean checkout; if it stays, look who changes node_modules during the build';
  return new PipelineError('IMAGE_NOT_LOCKED', headline, { evidence: evidence.slice(0, 20), next });
}
