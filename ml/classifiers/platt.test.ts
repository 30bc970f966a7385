import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { sigmoid } from './logistic_loss.ts';
import { fitPlatt } from './platt.ts';

const ones = (count: number) => new Float64Array(count).fill(1);

describe("Platt's calibration", () => {
  it('finds the slope and offset that made the labels', () => {
    const random = createRandom(1);
    const scores = Float64Array.from({ length: 40_000 }, () => 6 * random() - 3);
    const labels = Uint8Array.from(scores, (s) => (random() < sigmoid(1.7 * s - 0.4) ? 1 : 0));
    const { slope, offset } = fitPlatt(scores, labels, ones(scores.length));
    // Four standard errors at this size are about 0.08.
    expect(Math.abs(slope - 1.7)).toBeLessThan(0.08);
    expect(Math.abs(offset + 0.4)).toBeLessThan(0.08);
  });

  it('gives texts that show a sign a slope of their own, where there are enough of both classes', () => {
    const random = createRandom(2);
    const scores = Float64Array.from({ length: 40_000 }, () => 6 * random() - 3);
    const signs = Uint8Array.from(scores, () => (random() < 0.3 ? 1 : 0));
    const labels = Uint8Array.from(scores, (s, i) => (random() < sigmoid((signs[i] ? 2.4 : 1.2) * s + 0.3) ? 1 : 0));
    const found = fitPlatt(scores, labels, ones(scores.length), signs);
    expect(Math.abs(found.slope - 1.2)).toBeLessThan(0.06);
    expect(Math.abs((found.signs ?? 0) - 2)).toBeLessThan(0.2);
    expect(Math.abs(found.offset - 0.3)).toBeLessThan(0.08);
    const few = signs.map((sign, i) => (i < 200 ? sign : 0));
    expect(fitPlatt(scores, labels, ones(scores.length), few)).toEqual(fitPlatt(scores, labels, ones(scores.length)));
  });

  it('stays finite where the classes are parted', () => {
    const { slope, offset } = fitPlatt(Float64Array.of(-2, -1, 1, 2), Uint8Array.of(0, 0, 1, 1), ones(4));
    // The pulled-in targets 3/4 and 1/4 bound the log-odds.
    expect(sigmoid(slope * 2 + offset)).toBeLessThan(0.95);
    expect(slope).toBeGreaterThan(0);
  });

  it('changes nothing when there is one class', () => {
    expect(fitPlatt(Float64Array.of(1, 2), Uint8Array.of(1, 1), ones(2))).toEqual({ slope: 1, offset: 0 });
  });

  it('moves to equal shares under balanced weights', () => {
    const random = createRandom(2);
    const labels = Uint8Array.from({ length: 4000 }, (_, i) => (i % 10 === 0 ? 1 : 0));
    const scores = Float64Array.from(labels, (label) => label + 2 * random() - 1);
    const balanced = Float64Array.from(labels, (label) => (label === 1 ? 5 : 5 / 9));
    const [plain, moved] = [ones(4000), balanced].map((weight) => fitPlatt(scores, labels, weight));
    expect(moved.offset - plain.offset).toBeCloseTo(Math.log(9), 0);
    const mean = scores.reduce((sum, s, i) => sum + balanced[i] * sigmoid(moved.slope * s + moved.offset), 0) / 4000;
    expect(mean).toBeCloseTo(0.5, 2);
  });

  it('makes the mean probability the share of positives, nearly, for any scores', () => {
    const cases = fc.array(fc.tuple(fc.double({ min: -50, max: 50, noNaN: true }), fc.boolean()), {
      minLength: 20,
      maxLength: 80,
    });
    fc.assert(
      fc.property(cases, (pairs) => {
        const scores = Float64Array.from(pairs, ([score]) => score);
        const labels = Uint8Array.from(pairs, ([, label]) => (label ? 1 : 0));
        const { slope, offset } = fitPlatt(scores, labels, ones(scores.length));
        const positives = labels.reduce((sum, label) => sum + label, 0);
        if (positives === 0 || positives === labels.length) return;
        const mean = scores.reduce((sum, s) => sum + sigmoid(slope * s + offset), 0) / scores.length;
        const n = scores.length - positives;
        const goal = (positives * ((positives + 1) / (positives + 2)) + n / (n + 2)) / scores.length;
        expect(mean).toBeCloseTo(goal, 4);
      }),
    );
  });
});
