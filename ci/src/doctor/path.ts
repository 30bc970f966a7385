/**
 * Copies of a program on the PATH: the first one runs, whichever was installed last. An older copy that hides a newer one
 * is a fault; other copies are only listed.
 */
import { delimiter, join, sep } from 'node:path';
import { compareVersions } from './eksctl_yaml.ts';
import type { Finding } from './finding.ts';

export const TOOLS = ['node', 'npm', 'python', 'python3', 'dvc', 'dagger', 'eksctl', 'kubectl', 'docker'];

export type Probe = {
  /** The file behind all links of a path, or undefined when it is not executable. */
  program: (path: string) => string | undefined;
  /** What it prints as its version; undefined when it fails. */
  version: (path: string) => Promise<string | undefined>;
};

/** The PATH without the project's own programs, whose versions are pinned and which `make` puts first on purpose. */
export function withoutProject(path: string, root: string): string {
  const folders = path.split(delimiter);
  return folders.filter((folder) => !`${folder}${sep}`.startsWith(`${root}${sep}`)).join(delimiter);
}

/** The copies of a tool, in the order of the PATH; links to the same file count once. */
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

/** One finding for each tool with several copies; one in all when there is none. */
export async function examinePath(path: string, probe: Probe, tools: string[] = TOOLS): Promise<Finding[]> {
  const findings = await Promise.all(tools.map((tool) => examineTool(tool, copies(tool, path, probe), probe)));
  const twice = findings.filter((finding) => finding !== undefined);
  return twice.length > 0 ? twice : [{ what: `PATH: at most one copy of ${tools.join(', ')}` }];
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

/** The first number with dots, as in `Python 3.11.2` or `v24.1.0`. */
function versionIn(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /(?<!\d)\d+(?:\.\d+)+/.exec(text)?.[0];
}

/** A copy with an unknown version may be newer. */
function isNewer(version: string | undefined, first: string | undefined): boolean {
  if (version === undefined || first === undefined) return true;
  return compareVersions(version, first) > 0;
}
