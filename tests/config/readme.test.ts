import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { paramsSchema } from '../../ml/params.ts';
import { YamlFile } from '../../ml/yaml_file.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const blocks = (language: string, text = readme) =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter((match) => match[1] === language);

test('every make command in README.md and docs/use.md is in the Makefile', () => {
  const named = [
    ...new Set(
      [...`${readme}\n${read('docs/use.md')}`.matchAll(/(?:`|^)make ([a-z ]+?)(?: [A-Z]+=\S+)?(?:`| +#|$)/gm)].flatMap(
        (match) => match[1].split(' '),
      ),
    ),
  ];
  expect(named.length).toBeGreaterThan(5);
  const targets = [...read('Makefile').matchAll(/^([a-z]+):/gm)].map((match) => match[1]);
  expect(named.filter((name) => !targets.includes(name))).toEqual([]);
});

test('every path in the tree of docs/architecture.md exists', () => {
  const tree = blocks('text', read('docs/architecture.md'))
    .map((match) => match[2])
    .find((text) => text.startsWith('Makefile'))!;
  const parents: string[] = [];
  const missing = tree
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [, indent, names] = /^( *)(\S.*?)(?: {2}|$)/.exec(line)!;
      const depth = indent.length / 2;
      return names.split(', ').map((name) => {
        parents[depth] = name;
        // ".txt" after "requirements.in" means requirements.txt.
        return join(...parents.slice(0, depth), name === '.txt' ? 'requirements.txt' : name);
      });
    })
    .filter((path) => !existsSync(join(root, path)));
  // Created by the first run in a clone.
  expect(missing.filter((path) => !['dvc.lock', 'reports/', '.local/'].includes(path))).toEqual([]);
  for (const [, link] of readme.matchAll(/\]\(([^)#]+)\)/g)) expect(existsSync(join(root, link)), link).toBe(true);
});

test('the settings in the README are such as params.yaml takes', () => {
  const shown = blocks('yaml').map((match) => match[2]);
  expect(shown.length).toBeGreaterThan(0);
  for (const text of shown) expect(() => new YamlFile(text, 'README.md', 'params').check(paramsSchema)).not.toThrow();
});

test('every option in the command line examples is in its help', () => {
  const calls = [...read('docs/use.md').matchAll(/^npm run -s sentiment -- (\w+)(.*)$/gm)];
  expect(calls.length).toBeGreaterThan(5);
  for (const [, command, rest] of calls) {
    const help = execFileSync(process.execPath, ['cli/main.ts', command, '--help'], { cwd: root, encoding: 'utf8' });
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(help, `${command} ${option}`).toContain(option);
  }
});

test('every script that the Makefile runs exists', () => {
  const named = [...read('Makefile').matchAll(/(?:node |@)((?:scripts|ml|bench)\/[\w/.]+)/g)].map((match) => match[1]);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
