/** The bill of materials (CycloneDX) of a bundle: what npm makes of package-lock.json, of the bundled packages only, and Node. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { SentimentError } from '../ml/errors.ts';
import { packagesOf } from './licences.ts';

const root = resolve(import.meta.dirname, '..');

type Bill = {
  serialNumber: string;
  metadata: { timestamp: string; component: { 'bom-ref': string } };
  components: { 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
};

/** `modules` are paths. Throws BUNDLE for an installed package that is not the one of the lock. */
export function billOf(modules: string[]): object {
  // With --omit=dev npm leaves out a package of ours that a development tool also names, as an optional peer.
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--loglevel=error'];
  const bill: Bill = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }));
  const bundled = new Set(packagesOf(modules).map(({ name, version }) => `${name}@${version}`));
  const components = bill.components.filter(({ 'bom-ref': ref }) => bundled.has(ref));
  const unknown = [...bundled].filter((ref) => !components.some((one) => one['bom-ref'] === ref));
  if (unknown.length > 0) {
    throw new SentimentError('BUNDLE', `node_modules has ${unknown.join(', ')}, which package-lock.json has not`, {
      next: 'npm ci installs what the lock says',
    });
  }
  const version = process.versions.node;
  const ref = `node@${version}`;
  const node = { type: 'platform', name: 'node', version, 'bom-ref': ref, purl: `pkg:generic/${ref}` };
  const kept = new Set([...bundled, bill.metadata.component['bom-ref']]);
  const dependencies = bill.dependencies
    .filter((one) => kept.has(one.ref))
    .map((one) => ({ ref: one.ref, dependsOn: one.dependsOn.filter((other) => bundled.has(other)) }));
  // Without a random number and the time, so that the same content gives the same file.
  const { serialNumber: _random, metadata, ...rest } = bill;
  const { timestamp: _now, component, ...described } = metadata;
  // npm calls it by the folder.
  const self = { ...component, name: component['bom-ref'].replace(/@[^@]*$/, '') };
  return { ...rest, metadata: { ...described, component: self }, components: [...components, node], dependencies };
}
