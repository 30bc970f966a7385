import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanKey, cutValue, splitBatches } from './batches.ts';

const entries = fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 350 });
const metrics = fc
  .nat(2500)
  .map((n) => Array.from({ length: n }, (_, step) => ({ key: 'm', value: 1, timestamp: 0, step })));

test('batches hold all that was given, in order, each within the limits of MLflow', () => {
  fc.assert(
    fc.property(entries, entries, metrics, (params, tags, points) => {
      const batches = splitBatches(params, tags, points);
      expect(batches.flatMap((batch) => batch.params)).toEqual(params);
      expect(batches.flatMap((batch) => batch.tags)).toEqual(tags);
      expect(batches.flatMap((batch) => batch.metrics)).toEqual(points);
      for (const batch of batches) {
        const sizes = [batch.params.length, batch.tags.length, batch.metrics.length];
        expect(sizes[0] <= 100 && sizes[1] <= 100 && sizes[2] <= 1000).toBe(true);
        const all = sizes[0] + sizes[1] + sizes[2];
        expect(all > 0 && all <= 1000).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

test('a value over the limit is cut to it and says how long it was', () => {
  expect(cutValue('short', 30)).toBe('short');
  expect(cutValue('x'.repeat(100), 40)).toBe(`${'x'.repeat(15)}... (cut, 100 characters)`);
});

test('a key has only what MLflow accepts', () => {
  expect(cleanKey('word.ngrams[0]=ä/b:c-d_e f')).toBe('word.ngrams_0__ä/b:c-d_e f');
  expect(cleanKey('k'.repeat(300))).toHaveLength(250);
});
