import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const code = readFileSync(join(import.meta.dirname, 'index.ts'), 'utf8');

/** The functions of the module class, with the decorators that stand over each. */
const functions = [...code.matchAll(/((?: {2}@\w+\(.*\)\n)+) {2}async (\w+)\(/g)].map(([, decorators, name]) => ({
  name,
  isCheck: decorators.includes('@check()'),
  isFunction: decorators.includes('@func('),
  isNeverCached: decorators.includes("@func({ cache: 'never' })"),
}));

test('every public method is a function of the module', () => {
  const methods = [...code.matchAll(/^ {2}async (\w+)\(/gm)].map(([, name]) => name);
  expect(functions.map(({ name }) => name)).toEqual(methods);
  expect(functions.filter(({ isFunction }) => !isFunction)).toEqual([]);
});

// Dagger keeps the result of a function for days, unless it is told not to.
test('only checks, which depend on files alone, may be answered from the function cache', () => {
  const cached = functions.filter(({ isNeverCached }) => !isNeverCached);
  expect(cached.map(({ name }) => name)).toEqual(['lint', 'typecheck', 'unitTest', 'integrationTest']);
  expect(functions.filter(({ isCheck }) => isCheck)).toEqual(cached);
});

// See kubernetes.ts.
test('no call of a function pays for packages that it does not use', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((file) => !/\.test\.ts$|testdata/.test(file));
  const paying = files.filter((file) =>
    /^(?:import|export) (?!type)[^;]*from '#kubernetes'|from '@(?:kubernetes|aws-sdk)\//m.test(
      readFileSync(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  expect(paying).toEqual([]);
});

test('no file does anything when it is imported, as Dagger imports them all', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((file) => !file.endsWith('.test.ts'));
  const acting = files.filter((file) =>
    /^(?:try|await|process|console|void)\b/m.test(readFileSync(join(import.meta.dirname, file), 'utf8')),
  );
  expect(files.length).toBeGreaterThan(20);
  expect(acting).toEqual([]);
});
