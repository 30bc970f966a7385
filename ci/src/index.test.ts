import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const code = readFileSync(join(import.meta.dirname, 'index.ts'), 'utf8');
const parsed = ts.createSourceFile('index.ts', code, ts.ScriptTarget.Latest, true);
const module = parsed.statements.filter(ts.isClassDeclaration).find(({ name }) => name?.text === 'Sentiment')!;

/** Every method of the module class, public or not, with the decorators above it. */
const methods = module.members.filter(ts.isMethodDeclaration).map((method) => {
  const decorators = (ts.getDecorators(method) ?? []).map((decorator) => decorator.getText());
  return {
    name: method.name.getText(),
    isCheck: decorators.includes('@check()') || decorators.includes('@generate()'),
    isFunction: decorators.some((decorator) => decorator.startsWith('@func(')),
    isNeverCached: decorators.includes("@func({ cache: 'never' })"),
  };
});

// Without @func() Dagger leaves a method out silently.
test('every method of the module is a function of Dagger', () => {
  expect(methods.length).toBeGreaterThan(10);
  expect(methods.filter(({ isFunction }) => !isFunction)).toEqual([]);
});

// By default Dagger caches the result of a function for days.
test('only checks and generators, which depend only on files, may be answered from the function cache', () => {
  const cached = methods.filter(({ isNeverCached }) => !isNeverCached);
  expect(cached.map(({ name }) => name)).toEqual([
    'lint',
    'typecheck',
    'unitTest',
    'integrationTest',
    'current',
    'generate',
  ]);
  expect(methods.filter(({ isCheck }) => isCheck)).toEqual(cached);
});

test('files in which people keep passwords never enter a container', () => {
  const [, list] = /defaultPath: '\/',\s*ignore: \[([^\]]*)\]/.exec(code)!;
  expect(list).toContain("'.dvc/config.local'");
  expect(list).toContain("'.env'");
});

// Without the model of the call before, every call of repro would add one.
test('the source holds the model, so that repro of an unchanged folder changes nothing', () => {
  const [, list] = /defaultPath: '\/',\s*ignore: \[([^\]]*)\]/.exec(code)!;
  expect(list).not.toContain("'models");
});

// See kubernetes.ts.
test('no call loads a package that it does not use', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((file) => !/\.test\.ts$|testdata/.test(file));
  const loading = files.filter((file) =>
    /^(?:import|export) (?!type)[^;]*from '#kubernetes'|from '@(?:kubernetes|aws-sdk)\//m.test(
      readFileSync(join(import.meta.dirname, file), 'utf8'),
    ),
  );
  expect(loading).toEqual([]);
});

test('no file has an effect when it is imported: Dagger imports them all', () => {
  const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((file) => !file.endsWith('.test.ts'));
  const acting = files.filter((file) =>
    /^(?:try|await|process|console|void)\b/m.test(readFileSync(join(import.meta.dirname, file), 'utf8')),
  );
  expect(files.length).toBeGreaterThan(20);
  expect(acting).toEqual([]);
});
