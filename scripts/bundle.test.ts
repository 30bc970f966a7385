import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = resolve(import.meta.dirname, 'bundle.ts');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  execFileSync(process.execPath, [program, folder]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const code = () => globSync('*.mjs', { cwd: folder }).map((name) => readFileSync(join(folder, name), 'utf8'));

test('the bundle needs only Node: every import is one of its own files or built in', () => {
  const names = code().flatMap((text) =>
    [...text.matchAll(/^import [^'"]*["']([^'"]+)["']/gm)].map(([, name]) => name),
  );
  expect(names.length).toBeGreaterThan(5);
  const isKnown = (name: string) => name.startsWith('./') || builtinModules.includes(name.replace(/^node:/, ''));
  expect(names.filter((name) => !isKnown(name))).toEqual([]);
});

test('the stemmers, tokenizers and stop words of natural are included', () => {
  const all = code().join('\n');
  expect(all).not.toMatch(/require\(["']natural/);
  for (const name of ['porter_stemmer', 'lancaster_stemmer', 'treebank_word_tokenizer', 'regexp_tokenizer']) {
    expect(all).toContain(`natural/${name.includes('stemmer') ? 'stemmers' : 'tokenizers'}/${name}.js`);
  }
});

test('the bundled service loads and prints its help', () => {
  const { status, stdout } = spawnSync(process.execPath, [join(folder, 'main.mjs'), '--help'], {
    encoding: 'utf8',
    cwd: folder,
  });
  expect(status).toBe(0);
  expect(stdout).toContain('MODEL_URI');
});

test('without a folder it is a usage error', () => {
  const { status, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain('expected one folder');
});
