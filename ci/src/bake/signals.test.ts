import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseSample } from './sample.ts';
import { parseSignals } from './signals.ts';

test('the table and the sample that the README shows are valid', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const table = parseSignals(/```yaml\n([\s\S]*?)```/.exec(readme)![1], 'README.md');
  expect(table.signals.map(({ kind }) => kind)).toEqual(['share', 'quantile', 'mean']);
  expect(table).toMatchObject({ shadow: { ask: '/price' }, alerts: { job: 'front' } });
  expect(parseSample(/`(\{"name".*?)`/.exec(readme)![1], 'README.md')).toHaveLength(1);
});

test("the project's own table is valid, and covers errors, latency and the answers", () => {
  const path = join(import.meta.dirname, '../../../manifests/signals.yaml');
  const { signals } = parseSignals(readFileSync(path, 'utf8'), path);
  expect(signals.map(({ name }) => name)).toEqual([
    'answers with 5xx',
    'p99 latency in seconds',
    'positive answers',
    'confidence',
    'unknown words',
  ]);
});

test.each([
  ['a: 1', 'it has no list "signals"'],
  ['signals: [{}]', 'a signal without a name has no tolerance'],
  ['signals: [{name: x, tolerance: 1}]', 'signal "x" does not say which way is worse'],
  [
    'signals: [{name: x, tolerance: 1, worse: higher, kind: sum}]',
    'signal "x" has the kind "sum": share, mean, quantile',
  ],
  ['signals: [{name: x, tolerance: 1, worse: higher, kind: mean}]', 'signal "x" names no metric'],
  ['signals: [{name: x, tolerance: 1, kind: quantile, quantile: 99}]', 'signal "x" has no quantile between 0 and 1'],
])('%s is refused: %s', (text, words) => {
  expect(() => parseSignals(text, 'f.yaml')).toThrow(`f.yaml cannot be used: ${words}`);
});
