/**
 * Two copies of a program on the PATH: the first one runs, whatever was installed last. An older copy that hides a newer
 * one is a fault; the rest is only said.
 */
import { delimiter, join } from 'node:path';
import type { Finding } from './finding.ts';
import { compareVersions } from './versions.ts';

export const TOOLS = ['node', 'npm', 'python', 'python3', 'dvc', 'dagger', 'eksctl', 'kubectl', 'docker'];

export type Probe = {
  /** The file that a path leads to in the end, or undefined when nothing there can be run. */
  program: (path: string) => string | undefined;
  /** What it says its version is; undefined when it does not. */
  version: (path: string) => Promise<string | undefined>;
};

/** The copies of a tool, in the order of the PATH; links to one and the same file count once. */
export function copies(tool: string, path: string, probe: Pick<Probe, 'program'>): string[] {
  const seen = new Set<string>();
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, tool))
    .filter((file) => {
      const program = probe.program(file);
      if (program === undefined || seen.has(program)) return false;
      seen.add(program);
      return true;
    });
}

/** One finding for each tool that is there more than once, and one for all others. */
export async function examinePath(path: string, probe: Probe, tools: string[] = TOOLS): Promise<Finding[]> {
  const findings = await Promise.all(tools.map((tool) => examineTool(tool, copies(tool, path, probe), probe)));
  const twice = findings.filter((finding) => finding !== undefined);
  return twice.length > 0 ? twice : [{ what: `PATH: no second copy of ${tools.join(', ')}` }];
}

async function examineTool(tool: string, files: string[], probe: Probe): Promise<Finding | undefined> {
  if (files.length < 2) return undefined;
  const [first, ...others] = await Promise.all(
    files.map(async (file) => ({ file, version: versionIn(await probe.version(file)) })),
  );
  const named = (copy: typeof first) => `${copy.file} (${copy.version ?? 'version unknown'})`;
  const what = `PATH: ${tool} is ${named(first)}`;
  const newer = others.find(({ version }) => isNewer(version, first.version));
  if (!newer) return { what: `${what}, before ${others.map(named).join(', ')}` };
  const next = `remove ${first.file}, or put ${newer.file.slice(0, -tool.length - 1)} before it in the PATH`;
  return { what, problem: `it hides ${named(newer)}`, next };
}

/** The first number with dots in it: `Python 3.11.2`, `v24.1.0`. */
function versionIn(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /\d+(?:\.\d+)+/.exec(text)?.[0];
}

/** What cannot be compared may be newer. */
function isNewer(version: string | undefined, first: string | undefined): boolean {
  if (version === undefined || first === undefined) return true;
  return compareVersions(version, first) > 0;
}
