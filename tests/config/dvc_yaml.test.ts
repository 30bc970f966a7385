import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const param = z.union([z.string(), z.record(z.string(), z.array(z.string()))]);
const stage = z.object({
  cmd: z.string(),
  deps: z.array(z.string()),
  params: z.array(param),
  always_changed: z.boolean().default(false),
});
const { stages } = z.object({ stages: z.record(z.string(), stage) }).parse(parse(read('dvc.yaml')));

/** Stages that DVC may skip. */
const skippable = Object.keys(stages).filter((name) => !stages[name].always_changed);

/** They can change messages and output paths (which dvc.yaml would have to follow), but no result. */
const harmless = ['ml/errors.ts', 'ml/redact.ts', 'ml/stages/paths.ts'];

/** params.ts loads every classifier for its settings; a stage that trains loads them through ml/training.ts as well. */
const isSettingsOnly = (file: string, specifier: string) =>
  file === 'ml/params.ts' && specifier.startsWith('./classifiers/');

/** The files that a program loads, including itself, and the packages. */
function importsOf(program: string): { files: string[]; packages: string[] } {
  const files = [program];
  const packages = new Set<string>();
  for (const file of files) {
    for (const specifier of specifiersIn(read(file))) {
      if (isSettingsOnly(file, specifier)) continue;
      if (specifier.startsWith('.')) {
        const path = join(dirname(file), specifier);
        if (!files.includes(path)) files.push(path);
      } else if (!specifier.startsWith('node:')) {
        packages.add(/^(@[^/]+\/)?[^/]+/.exec(specifier)![0]);
      }
    }
  }
  return { files, packages: [...packages].sort() };
}

/** import ... from 'x', import 'x', import('x'), require('x'), but not `import type`. */
function specifiersIn(code: string): string[] {
  const plain = code.replace(/^(import|export) type [^;]*;/gm, '');
  const patterns = [/(?<!\.)\bfrom\s+'([^'\s]+)'/g, /\bimport\s+'([^'\s]+)'/g, /\b(?:import|require)\(\s*'([^'\s]+)'/g];
  return patterns.flatMap((pattern) => [...plain.matchAll(pattern)].map((match) => match[1]));
}

test('the six stages, and the one before them, are named like their programs and their sections in params.yaml', () => {
  const names = [
    'data_ingestion',
    'data_preprocessing',
    'feature_engineering',
    'model_building',
    'model_evaluation',
    'register_model',
  ];
  expect(Object.keys(stages)).toEqual(['data_sources', ...names]);
  expect(Object.keys(parse(read('params.yaml')))).toEqual([...names, 'promote_model']);
  for (const [name, { cmd, params }] of Object.entries(stages)) {
    expect(cmd).toBe(`node ml/stages/${name}.ts`);
    expect(params).toContain(name === 'data_sources' ? 'data_ingestion' : name);
  }
});

test.each(skippable)('%s depends on all the code that it loads, and on no other', (name) => {
  const { deps } = stages[name];
  const code = deps.filter((path) => path.startsWith('ml/'));
  const { files } = importsOf(`ml/stages/${name}.ts`);
  const covers = (dep: string) => (file: string) => file === dep || file.startsWith(`${dep}/`);
  const missing = files.filter((file) => !harmless.includes(file) && !code.some((dep) => covers(dep)(file)));
  expect(missing).toEqual([]);
  expect(code.filter((dep) => !files.some(covers(dep)))).toEqual([]);
});

test.each(skippable)('%s reruns when a package that it loads changes version', (name) => {
  const declared = stages[name].params
    .flatMap((each) => (typeof each === 'string' ? [] : (each['package.json'] ?? [])))
    .map((key) => key.replace(/^dependencies\./, ''));
  expect(declared.sort()).toEqual(importsOf(`ml/stages/${name}.ts`).packages);
});

test('finds imports in all forms, but no type imports', () => {
  const code = [
    "import { a,\n b } from './one.ts';",
    "import type { C } from './two.ts';",
    "import type {\n  D,\n} from './three.ts';",
    "import './four.ts';",
    "const e = await import('./five.ts');",
    "const f = require('natural/lib/x.js');",
    "export { g } from './six.ts';",
    "export type { h } from './seven.ts';",
    "Buffer.from('no import');",
  ].join('\n');
  expect(specifiersIn(code)).toEqual(['./one.ts', './six.ts', './four.ts', './five.ts', 'natural/lib/x.js']);
});
