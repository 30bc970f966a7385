/**
 * `make scan`: what checkov and kube-score find in the files that describe containers, clusters and accounts, without what
 * scan_exceptions.yaml excuses. Both work without network.
 */
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { runMain, SentimentError } from '../ml/errors.ts';

const root = resolve(import.meta.dirname, '..');
const tools = join(root, '.tools/scanners');

/** Where it is: `Deployment.sentiment.sentiment`, `/Dockerfile`. */
export type Found = { scanner: 'checkov' | 'kube-score'; check: string; where: string; says: string };

const exception = z.strictObject({
  scanner: z.enum(['checkov', 'kube-score']),
  check: z.string(),
  where: z.array(z.string()).min(1),
  reason: z.string().min(20),
});
export type Exception = z.infer<typeof exception>;

export function readExceptions(): Exception[] {
  return z.array(exception).parse(parse(readFileSync(join(root, 'scripts/scan_exceptions.yaml'), 'utf8')));
}

/** What nobody has excused, and the excuses that excuse nothing any more. */
export function compare(found: Found[], exceptions: Exception[]): { open: Found[]; idle: string[] } {
  const isSame = (one: Found, { scanner, check }: Exception, where: string) =>
    one.scanner === scanner && one.check === check && one.where === where;
  const open = found.filter((one) => !exceptions.some((each) => each.where.some((where) => isSame(one, each, where))));
  const idle = exceptions.flatMap((each) =>
    each.where
      .filter((where) => !found.some((one) => isSame(one, each, where)))
      .map((where) => `${each.scanner} ${each.check} at ${where}`),
  );
  return { open, idle };
}

const report = z.object({
  check_type: z.string(),
  results: z.object({
    failed_checks: z.array(
      z.object({ check_id: z.string(), check_name: z.string(), resource: z.string(), file_path: z.string() }),
    ),
  }),
});

/** Of a Dockerfile and a workflow the file says more than the resource. */
export function readCheckov(text: string): Found[] {
  const reports = z.array(report).parse([JSON.parse(text)].flat());
  return reports.flatMap(({ check_type, results }) =>
    results.failed_checks.map(({ check_id, check_name, resource, file_path }) => ({
      scanner: 'checkov' as const,
      check: check_id,
      where: check_type === 'kubernetes' || check_type === 'cloudformation' ? resource : file_path,
      says: check_name,
    })),
  );
}

/** kube-score's own grade for a check that is passed. */
const PASSED = 10;
const scored = z.array(
  z.object({
    type_meta: z.object({ kind: z.string() }),
    object_meta: z.object({ name: z.string(), namespace: z.string().optional() }),
    checks: z
      .array(
        z.object({
          check: z.object({ id: z.string(), name: z.string() }),
          grade: z.number(),
          skipped: z.boolean(),
          comments: z.array(z.object({ summary: z.string() })).nullable(),
        }),
      )
      .nullable(),
  }),
);

export function readKubeScore(text: string): Found[] {
  return scored.parse(JSON.parse(text)).flatMap(({ type_meta, object_meta, checks }) =>
    (checks ?? [])
      .filter(({ grade, skipped }) => !skipped && grade < PASSED)
      .map(({ check, comments }) => ({
        scanner: 'kube-score' as const,
        check: check.id,
        where: `${type_meta.kind}.${object_meta.namespace ?? 'default'}.${object_meta.name}`,
        says: (comments ?? []).map(({ summary }) => summary).join('; ') || check.name,
      })),
  );
}

/** Both end with an error code when they find something. */
async function output(program: string, args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(join(tools, program), args, { cwd: root, maxBuffer: 2 ** 28 })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = Object(error) as { stdout?: string; stderr?: string };
    if (/^\s*[[{]/.test(stdout)) return stdout;
    const last = stderr.trim().split('\n').at(-1) || String(error);
    throw new SentimentError('SCAN', `${program} did not work: ${last}`, { next: 'run scripts/setup_scanners.sh' });
  }
}

async function main(): Promise<void> {
  const frameworks = ['kubernetes', 'cloudformation', 'dockerfile', 'github_actions'];
  const skipped = ['node_modules', '.venv', '.tools', 'ci/node_modules', 'ci/sdk', 'tests'];
  const { version } = parse(readFileSync(join(root, 'eksctl.yaml'), 'utf8')).metadata;
  const manifests = globSync(['manifests/*/*.yaml', 'monitoring/kubernetes/*.yaml'], { cwd: root });
  const [checkov, kubeScore] = await Promise.all([
    output('checkov', [
      ...['--directory', '.', '--skip-download', '--quiet', '--compact', '--output', 'json'],
      ...['--framework', ...frameworks],
      ...skipped.flatMap((path) => ['--skip-path', path]),
    ]),
    output('kube-score', ['score', '--output-format', 'json', '--kubernetes-version', `v${version}`, ...manifests]),
  ]);
  const found = [...readCheckov(checkov), ...readKubeScore(kubeScore)];
  const exceptions = readExceptions();
  const { open, idle } = compare(found, exceptions);
  for (const { scanner, check, where, says } of open) console.log(`${scanner} ${check} at ${where}: ${says}`);
  for (const each of idle) console.log(`${each}: nothing is found there any more, so remove the exception`);
  const excused = `${found.length - open.length} findings are excused`;
  if (open.length + idle.length > 0) {
    const next = 'mend the file, or write the reason into scripts/scan_exceptions.yaml';
    throw new SentimentError('SCAN', `${open.length} findings, ${idle.length} exceptions without one; ${excused}`, {
      next,
    });
  }
  console.log(`scan: clean; ${excused}`);
}

if (process.argv[1] === import.meta.filename) await runMain(main);
