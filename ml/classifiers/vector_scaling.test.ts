import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { fitPlatt } from './platt.ts';
import { softmaxInto } from './softmax.ts';
import { fitVectorScaling } from './vector_scaling.ts';

const ones = (count: number) => new Float64Array(count).fill(1);

/** Labels drawn from softmax(slope_k x score_k + offset_k). */
function draw(count: number, slopes: number[], offsets: number[]) {
  const random = createRandom(3);
  const K = slopes.length;
  const scores = Float64Array.from({ length: count * K }, () => 4 * random() - 2);
  const p = new Float64Array(K);
  const labels = Uint8Array.from({ length: count }, (_, i) => {
    for (let k = 0; k < K; k++) p[k] = slopes[k] * scores[i * K + k] + offsets[k];
    softmaxInto(p, p);
    let left = random();
    let k = 0;
    for (; k < K - 1 && left >= p[k]; k++) left -= p[k];
    return k;
  });
  return { scores, labels };
}

describe('vector scaling', () => {
  it('finds the slopes and the differences of the offsets that made the labels', () => {
    const { scores, labels } = draw(60_000, [1.5, 0.6, 1], [0.3, -0.5, 0.2]);
    const { slopes, offsets } = fitVectorScaling(scores, labels, ones(60_000), 3);
    // Four standard errors at this size are about 0.06.
    [1.5, 0.6, 1].forEach((slope, k) => {
      expect(Math.abs(slopes[k] - slope)).toBeLessThan(0.06);
    });
    expect(Math.abs(offsets[0] - offsets[1] - 0.8)).toBeLessThan(0.08);
    expect(Math.abs(offsets[2] - offsets[1] - 0.7)).toBeLessThan(0.08);
  });

  it("with two classes that mirror each other is Platt's calibration", () => {
    const random = createRandom(9);
    const raw = Float64Array.from({ length: 400 }, () => 6 * random() - 3);
    const labels = Uint8Array.from(raw, (s) => (random() < 1 / (1 + Math.exp(0.3 - 1.4 * s)) ? 1 : 0));
    const platt = fitPlatt(raw, labels, ones(400));
    const pairs = Float64Array.from([...raw].flatMap((s) => [-s / 2, s / 2]));
    const { slopes, offsets } = fitVectorScaling(pairs, labels, ones(400), 2);
    expect((slopes[0] + slopes[1]) / 2).toBeCloseTo(platt.slope, 5);
    expect(offsets[1] - offsets[0]).toBeCloseTo(platt.offset, 5);
  });

  it('takes a weight of two as the same text twice', () => {
    const { scores, labels } = draw(300, [1, 1, 1], [0, 0, 0]);
    const twice = fitVectorScaling(
      Float64Array.from([...scores, ...scores.subarray(0, 300)]),
      Uint8Array.from([...labels, ...labels.subarray(0, 100)]),
      ones(400),
      3,
    );
    const weight = ones(300).fill(2, 0, 100);
    const weighted = fitVectorScaling(scores, labels, weight, 3);
    // The targets depend on the number of texts a little.
    twice.slopes.forEach((slope, k) => {
      expect(weighted.slopes[k]).toBeCloseTo(slope, 1);
    });
  });

  it('stays finite for any scores, and makes the mean probability of a class its share, nearly', () => {
    const cases = fc.array(
      fc.tuple(fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 3, maxLength: 3 }), fc.nat(2)),
      { minLength: 30, maxLength: 80 },
    );
    fc.assert(
      fc.property(cases, (rows) => {
        const labels = Uint8Array.from([0, 1, 2, ...rows.map(([, label]) => label)]);
        const scores = Float64Array.from([...Array(9).keys(), ...rows.flatMap(([row]) => row)]);
        const { slopes, offsets } = fitVectorScaling(scores, labels, ones(labels.length), 3);
        const means = [0, 0, 0];
        const z = new Float64Array(3);
        for (let i = 0; i < labels.length; i++) {
          for (let k = 0; k < 3; k++) z[k] = slopes[k] * scores[3 * i + k] + offsets[k];
          softmaxInto(z, z);
          for (let k = 0; k < 3; k++) means[k] += z[k] / labels.length;
        }
        const sizes = [0, 1, 2].map((k) => labels.filter((label) => label === k).length);
        const goal = (k: number) =>
          sizes.reduce((sum, n, l) => sum + (n * (l === k ? n + 1 : 1)) / (n + 3), 0) / labels.length;
        for (let k = 0; k < 3; k++) expect(means[k]).toBeCloseTo(goal(k), 3);
      }),
      { numRuns: 60 },
    );
  });
});
