import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findDoubts } from './doubt.ts';

/** confident_learning.json, written by make_confident_learning.py: what cleanlab says. */
type Golden = {
  classes: number;
  labels: number[];
  probabilities: number[];
  confident_joint: number[][];
  noise: number;
  issues: number[];
};

const goldens: Golden[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/confident_learning.json'), 'utf8'),
);

it.each(goldens)('finds what cleanlab finds with $classes classes, in its order', (golden) => {
  const { doubts, confidentJoint, noise } = findDoubts(
    Uint8Array.from(golden.labels),
    Float64Array.from(golden.probabilities),
    golden.classes,
  );
  expect(confidentJoint).toEqual(golden.confident_joint);
  expect(doubts.map(({ row }) => row)).toEqual(golden.issues);
  // cleanlab rounds the scaled counts to whole texts.
  expect(Math.abs(noise - golden.noise)).toBeLessThanOrEqual((0.5 * golden.classes) / golden.labels.length);
});

it('doubts no label that the model gives the highest probability', () => {
  const row = fc.record({ label: fc.nat(1), positive: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const all = [{ label: 0, positive: 0.1 }, { label: 1, positive: 0.9 }, ...rows];
      const probabilities = Float64Array.from(all.flatMap(({ positive }) => [1 - positive, positive]));
      for (const { row: i, label, suggested, probability } of findDoubts(
        Uint8Array.from(all, (each) => each.label),
        probabilities,
        2,
      ).doubts) {
        expect(suggested).toBe(1 - label);
        expect(label).toBe(all[i].label);
        expect(probability).toBeGreaterThan(0.5);
      }
    }),
  );
});
