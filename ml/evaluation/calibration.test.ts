import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { type CalibrationBin, calibrationMetrics, confidenceBins, positiveBins } from './calibration.ts';
import { goldenBins, goldenCases } from './testdata/golden.ts';

function expectBins(got: CalibrationBin[], expected: CalibrationBin[]): void {
  expect(got.map((bin) => bin.count)).toEqual(expected.map((bin) => bin.count));
  got.forEach((bin, k) => {
    expect(bin.predicted).toBeCloseTo(expected[k].predicted, 12);
    expect(bin.observed).toBeCloseTo(expected[k].observed, 12);
  });
}

describe.each(goldenCases)('on $name', ({ scored, positive_bins, confidence_bins, measures }) => {
  it("bins the positive class as scikit-learn's calibration_curve does", () => {
    expectBins(positiveBins(scored, goldenBins), positive_bins);
  });

  it('bins confidence against right answers likewise', () => {
    expectBins(confidenceBins(scored, goldenBins), confidence_bins);
  });

  it('weighs the errors of the bins by their texts', () => {
    const got = calibrationMetrics(scored, goldenBins);
    expect(got.ece).toBeCloseTo(measures.ece, 12);
    expect(got.ece_positive).toBeCloseTo(measures.ece_positive, 12);
  });
});

describe('calibrationMetrics', () => {
  it('is the overconfidence of a model that says 90 % and is right half of the time', () => {
    const scored = { labels: Uint8Array.of(1, 0, 1, 0), probabilities: Float64Array.of(0.9, 0.9, 0.9, 0.9) };
    expect(calibrationMetrics(scored, 10).ece).toBeCloseTo(0.4, 12);
  });

  it('stays small, but above 0, for honest probabilities', () => {
    const random = createRandom(7);
    const probabilities = Float64Array.from({ length: 2000 }, () => random());
    const labels = Uint8Array.from(probabilities, (p) => (random() < p ? 1 : 0));
    const { ece, ece_positive } = calibrationMetrics({ labels, probabilities }, 10);
    expect(ece).toBeGreaterThan(0);
    expect(ece_positive).toBeLessThan(0.035);
    expect(ece).toBeLessThan(ece_positive);
  });

  it('measures a sample given by counts as the texts drawn', () => {
    const scored = { labels: Uint8Array.of(1, 0, 0), probabilities: Float64Array.of(0.9, 0.8, 0.15) };
    const drawn = { labels: Uint8Array.of(1, 1, 0), probabilities: Float64Array.of(0.9, 0.9, 0.15) };
    expect(calibrationMetrics(scored, 10, Uint32Array.of(2, 0, 1))).toEqual(calibrationMetrics(drawn, 10));
  });
});
