import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

vi.mock('@dagger.io/dagger', () => ({ dag: { cacheVolume: (name: string) => name } }));
const { withSharedCache } = await import('./volumes.ts');

/** A container that tells what was mounted. */
function mounts(hasSecret: boolean): string[][] {
  const mounted: string[][] = [];
  const container = {
    withMountedCache(...words: string[]) {
      mounted.push(words);
      return container;
    },
  };
  withSharedCache('/cache', 'sentiment-dvc', hasSecret)(container as never);
  return mounted;
}

test('a call with a secret mounts no volume that others can write to', () => {
  expect(mounts(true)).toEqual([]);
  expect(mounts(false)).toEqual([['/cache', 'sentiment-dvc']]);
});

test('every other volume holds what is checked, or what no release takes up', () => {
  const files = globSync('**/*.ts', { cwd: join(import.meta.dirname, '..') }).filter(
    (file) => !file.includes('.test.'),
  );
  const names = files.flatMap((file) =>
    [...readFileSync(join(import.meta.dirname, '..', file), 'utf8').matchAll(/cacheVolume\('([\w-]+)'\)/g)].map(
      ([, name]) => name,
    ),
  );
  expect([...new Set(names)].sort()).toEqual([
    'sentiment-experiments',
    'sentiment-go',
    'sentiment-go-modules',
    'sentiment-npm',
    'sentiment-rehearsal',
  ]);
});
