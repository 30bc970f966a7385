/** A copy of this repository as it is, uncommitted changes included, with the settings of tests: the real commands run there. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const here = resolve(import.meta.dirname, '../..');

export type Repository = { root: string; remove(): void };

/** `installed` lends it this repository's npm and Python packages; without them it is as fresh as a clone. */
export function copyRepository({ installed }: { installed: boolean }): Repository {
  // A space in the path, because some people have one.
  const root = join(mkdtempSync(join(tmpdir(), 'pipeline-')), 'a copy');
  mkdirSync(root);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  const files = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: here, encoding: 'utf8' });
  for (const file of files.split('\0').filter((name) => name !== '' && existsSync(join(here, name)))) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(join(here, file), join(root, file));
  }
  cpSync(join(here, 'ml/testdata/params.yaml'), join(root, 'params.yaml'));
  git('init', '--quiet');
  if (installed) {
    const lent = ['node_modules', '.venv', '.tools'].filter((name) => existsSync(join(here, name)));
    for (const name of lent) symlinkSync(join(here, name), join(root, name));
    appendFileSync(join(root, '.git/info/exclude'), lent.map((name) => `/${name}\n`).join(''));
  }
  git('add', '--all');
  git('-c', 'user.name=test', '-c', 'user.email=test@example.org', 'commit', '--quiet', '--message', 'copy');
  return { root, remove: () => rmSync(dirname(root), { recursive: true, force: true, maxRetries: 5 }) };
}
