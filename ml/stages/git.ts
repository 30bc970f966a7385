/** The state of the working tree, from git. Outside a repository, or without git, it is empty. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type GitState = {
  commit: string | undefined;
  branch: string | undefined;
  /** Files among `watched` that differ from the commit or are missing in it. */
  changed: string[];
};

/** `watched` are the paths that decide which code ran: a change there means that the commit alone does not tell. */
export async function gitState(watched: string[], folder = '.'): Promise<GitState> {
  const git = (...args: string[]) => askGit(folder, args);
  const [commit, branch, status] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('rev-parse', '--abbrev-ref', 'HEAD'),
    git('status', '--porcelain', '-z', '--untracked-files=all', '--', ...watched),
  ]);
  // An entry is two letters, a space and the path. After a rename the old path follows, without letters.
  const changed = (status ?? '').split('\0').flatMap((entry) => /^.{2} (.+)$/.exec(entry)?.[1] ?? []);
  return { commit: commit?.trim(), branch: branch?.trim(), changed };
}

async function askGit(folder: string, args: string[]): Promise<string | undefined> {
  try {
    return (await run('git', args, { cwd: folder })).stdout;
  } catch {
    return undefined;
  }
}
