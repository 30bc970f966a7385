/**
 * `node ci/src/supply/audit.ts` (make audit): known weaknesses in the npm packages of the product, as `npm audit` reports them,
 * without those that scan-ignore.yaml lists, each with a reason and a last day. https://docs.npmjs.com/cli/commands/npm-audit
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type Ignored, isExpired, parseIgnored } from '../ecr/ignored.ts';
import { PipelineError } from '../errors.ts';

/** Worst first, as npm names them. */
const SEVERITIES = ['critical', 'high', 'moderate', 'low', 'info'];
/** This and worse stops. */
const STOP_AT = 'high';
const IGNORE_FILE = 'scan-ignore.yaml';

export type Weakness = { id: string; severity: string; packageName: string; title: string };

/** What `npm audit --json` printed: each advisory once, the worst first. Throws AUDIT when it is no report. */
export function parseAudit(text: string): Weakness[] {
  let report: Record<string, unknown>;
  try {
    report = Object(JSON.parse(text));
  } catch {
    report = {};
  }
  if (typeof report.vulnerabilities !== 'object' || report.vulnerabilities === null) {
    const said = typeof report.message === 'string' ? report.message : text.trim().slice(0, 300) || 'nothing';
    throw new PipelineError('AUDIT', 'npm audit has no report, so nothing is known about the packages', {
      evidence: [said],
      next: 'ask a registry that answers audits: npm config get registry; many mirrors do not',
    });
  }
  const found = new Map<string, Weakness>();
  for (const { via } of Object.values(report.vulnerabilities)) {
    // A text names another package, whose own entry has the advisory.
    for (const cause of Array.isArray(via) ? via : []) {
      const { url, severity, name, title }: Record<string, unknown> = Object(cause);
      const id = /GHSA-[\w-]+/.exec(String(url))?.[0];
      if (id) found.set(id, { id, severity: String(severity), packageName: String(name), title: String(title) });
    }
  }
  return [...found.values()].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

/** Lines for people. Throws AUDIT_REFUSED for what is HIGH or worse and not ignored. */
export function auditGate(found: Weakness[], ignored: Ignored[] = [], now = new Date()): string[] {
  const valid = new Map(ignored.filter((entry) => !isExpired(entry, now)).map((entry) => [entry.id, entry]));
  const isSerious = ({ severity }: Weakness) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(STOP_AT);
  const lineOf = ({ id, severity, packageName, title }: Weakness) => `${severity} ${id} ${packageName}: ${title}`;
  const stopping = found.filter((one) => isSerious(one) && !valid.has(one.id));
  if (stopping.length > 0) {
    throw new PipelineError('AUDIT_REFUSED', `${stopping.length} weaknesses of severity ${STOP_AT} or worse`, {
      evidence: stopping.map(lineOf),
      next: `update the package (npm audit fix); or, for one that does not apply, add its id, the reason and a day to ${IGNORE_FILE}`,
    });
  }
  const notes = found.map((one) => {
    const entry = valid.get(one.id);
    return entry ? `ignored until ${entry.until}: ${one.id}, because ${entry.reason}` : lineOf(one);
  });
  return [...notes, `audit: no weakness of severity ${STOP_AT} or worse`];
}

function main(): void {
  const ignored = existsSync(IGNORE_FILE) ? parseIgnored(readFileSync(IGNORE_FILE, 'utf8'), IGNORE_FILE) : [];
  const { stdout } = spawnSync('npm', ['audit', '--json', '--omit=dev'], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  for (const line of auditGate(parseAudit(stdout ?? ''), ignored)) process.stdout.write(`${line}\n`);
}

// Dagger imports every file under src; that must not run the program.
if (process.argv[1] === import.meta.filename) {
  try {
    main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
