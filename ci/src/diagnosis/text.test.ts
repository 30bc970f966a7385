import { expect, test } from 'vitest';
import { lastLines } from './text.ts';

test('a log is bounded in lines and in length, and loses its colours', () => {
  const log = Array.from({ length: 50 }, (_, line) => `\u001b[31m${line}\u001b[0m ${'x'.repeat(500)}`).join('\n');
  const lines = lastLines(log);
  expect(lines).toHaveLength(8);
  expect(lines[7]).toMatch(/^49 x+\.\.\.$/);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(203);
});
