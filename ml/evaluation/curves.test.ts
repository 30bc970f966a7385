import { describe, expect, it } from 'vitest';
import { MAX_POINTS, precisionRecallCurve, rocCurve, thin } from './curves.ts';
import { goldenCase, goldenCases } from './testdata/golden.ts';

const withCurves = goldenCases.filter((golden) => golden.roc);

/** Farthest distance of any of the points from the line through the kept ones. */
function distanceFromLine(points: [number, number][], kept: [number, number][]): number {
  return Math.max(
    ...points.map(([x, y]) =>
      Math.min(
        ...kept.slice(1).map(([bx, by], k) => {
          const [ax, ay] = kept[k];
          const length = (bx - ax) ** 2 + (by - ay) ** 2;
          const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
          return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
        }),
      ),
    ),
  );
}

describe('rocCurve', () => {
  it.each(withCurves)("has scikit-learn's points on $name", ({ scored, roc = [] }) => {
    const got = rocCurve(scored);
    expect(got.map((point) => point.threshold)).toEqual(roc.map((point) => point.threshold));
    got.forEach((point, k) => {
      expect(point.fpr).toBeCloseTo(roc[k].fpr, 12);
      expect(point.tpr).toBeCloseTo(roc[k].tpr, 12);
    });
  });
});

describe('precisionRecallCurve', () => {
  it.each(withCurves)("has scikit-learn's points on $name", ({ scored, precision_recall = [] }) => {
    const got = precisionRecallCurve(scored);
    expect(got.map((point) => point.threshold)).toEqual(precision_recall.map((point) => point.threshold));
    got.forEach((point, k) => {
      expect(point.recall).toBeCloseTo(precision_recall[k].recall, 12);
      expect(point.precision).toBeCloseTo(precision_recall[k].precision, 12);
    });
  });
});

describe('thin', () => {
  const { scored } = goldenCase('two thousand texts');
  const curves: [string, [number, number][]][] = [
    ['ROC', rocCurve(scored).map(({ fpr, tpr }) => [fpr, tpr])],
    ['precision-recall', precisionRecallCurve(scored).map(({ recall, precision }) => [recall, precision])],
  ];

  it.each(curves)('keeps a %s curve of two thousand texts to the pixel with a quarter of its points', (_, points) => {
    const kept = thin(
      points,
      ([x]) => x,
      ([, y]) => y,
    );
    expect(points.length).toBeGreaterThan(3 * MAX_POINTS);
    expect(kept.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(distanceFromLine(points, kept)).toBeLessThan(0.001);
    expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
  });

  it('keeps the order and all corners, and drops points on a line', () => {
    const points = [0, 0.1, 0.2, 0.3, 0.4, 0.5].map((x) => [x, x < 0.3 ? 0 : 1]);
    const kept = thin(
      points,
      ([x]) => x,
      ([, y]) => y,
    );
    expect(kept).toEqual([
      [0, 0],
      [0.2, 0],
      [0.3, 1],
      [0.5, 1],
    ]);
  });

  it.each([0, 1, 2])('leaves %i points alone', (count) => {
    const points = Array.from({ length: count }, (_, i) => i);
    expect(
      thin(
        points,
        (x) => x,
        () => 0,
      ),
    ).toEqual(points);
  });
});
