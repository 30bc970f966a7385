import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gitState } from './git.ts';

let folder: string;
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'git-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('has the commit, the branch, and the watched files that differ from it', async () => {
  git('init', '-q', '-b', 'trunk');
  writeFileSync(join(folder, 'code with space.ts'), '1');
  writeFileSync(join(folder, 'notes.txt'), '1');
  git('add', '.');
  git('commit', '-qm', 'first');
  const commit = git('rev-parse', 'HEAD');
  const watched = ['code with space.ts', 'new.ts', 'gone.ts'];
  expect(await gitState(watched, folder)).toEqual({ commit, branch: 'trunk', changed: [] });
  for (const name of ['code with space.ts', 'new.ts', 'notes.txt']) writeFileSync(join(folder, name), '2');
  expect((await gitState(watched, folder)).changed).toEqual(['code with space.ts', 'new.ts']);
});

test('is empty outside a repository', async () => {
  expect(await gitState(['x'], folder)).toEqual({ commit: undefined, branch: undefined, changed: [] });
});
