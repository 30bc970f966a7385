import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { createRandom } from '../random.ts';
import { type CalibrationBin, calibrationMetrics, confidenceBins, positiveBins } from './calibration.ts';
import { brierScore, classMetrics, countOutcomes, logLoss, rankByProbability, rankingMetrics } from './measures.ts';
import { classOf, type Scored, scoreReviews } from './scored.ts';
import { goldenBins, goldenCases } from './testdata/golden.ts';
import { toyModel } from './testdata/toy_model.ts';

const good: Review = { id: 'g', text: 'good', label: 1 };
const bad: Review = { id: 'b', text: 'bad', label: 0 };

const half = toyModel(() => 0.5);

describe('scoreReviews', () => {
  it('puts the probability of each text beside its label', () => {
    expect(
      scoreReviews(
        [good, bad],
        toyModel((text) => text.length / 10),
      ),
    ).toEqual({
      labels: Uint8Array.of(1, 0),
      probabilities: Float64Array.of(0.4, 0.3),
    });
  });

  it('refuses an empty set', () => {
    expect(() => scoreReviews([], half)).toThrowError(expect.objectContaining({ code: 'NO_TEXTS', exitCode: 1 }));
  });

  it.each([
    ['positive', good],
    ['negative', bad],
  ])('refuses a set with only %s texts', (name, review) => {
    expect(() => scoreReviews([review, review], half)).toThrowError(
      expect.objectContaining({ code: 'ONE_CLASS', message: `all 2 texts to evaluate are ${name}` }),
    );
  });
});

it('classOf is positive above 0.5, as in the model', () => {
  expect([classOf(0.5), classOf(0.5 + Number.EPSILON)]).toEqual([0, 1]);
});

describe.each(goldenCases)('on $name', ({ scored, outcomes, measures }) => {
  it('counts the confusion matrix as scikit-learn does', () => {
    expect(countOutcomes(scored)).toEqual(outcomes);
  });

  it("gives scikit-learn's accuracy, precision, recall, F1 (plain and macro) and Matthews correlation", () => {
    const got = classMetrics(outcomes);
    for (const [name, value] of Object.entries(got)) {
      expect(value, name).toBeCloseTo(measures[name as keyof typeof got], 12);
    }
  });

  it("gives scikit-learn's log loss and Brier score", () => {
    expect(logLoss(scored)).toBeCloseTo(measures.log_loss, 12);
    expect(brierScore(scored)).toBeCloseTo(measures.brier, 12);
  });
});

describe('counts', () => {
  const scored = { labels: Uint8Array.of(1, 0, 1), probabilities: Float64Array.of(0.9, 0.6, 0.2) };
  const repeated = { labels: Uint8Array.of(1, 1, 0), probabilities: Float64Array.of(0.9, 0.9, 0.6) };
  const counts = Uint32Array.of(2, 1, 0);

  it('let a text count twice or not at all', () => {
    expect(countOutcomes(scored, counts)).toEqual(countOutcomes(repeated));
    expect(logLoss(scored, counts)).toBeCloseTo(logLoss(repeated), 15);
    expect(brierScore(scored, counts)).toBeCloseTo(brierScore(repeated), 15);
  });
});

it('does not overflow on a million texts of each class', () => {
  const million = 1_000_000;
  const outcomes = { truePositives: million, falsePositives: 0, trueNegatives: million, falseNegatives: 0 };
  expect(classMetrics(outcomes).mcc).toBeCloseTo(1, 12);
});

const metricsOf = (scored: Scored) => rankingMetrics(scored, rankByProbability(scored));

const fewTexts = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 6 })), { minLength: 2, maxLength: 30 })
  .map((pairs) => ({
    labels: Uint8Array.from(pairs, ([label]) => label),
    probabilities: Float64Array.from(pairs, ([, step]) => step / 6),
  }))
  .filter(({ labels }) => labels.includes(0) && labels.includes(1));

describe('rankingMetrics', () => {
  it.each(goldenCases)("gives scikit-learn's ROC-AUC and average precision on $name", ({ scored, measures }) => {
    const got = metricsOf(scored);
    expect(got.roc_auc).toBeCloseTo(measures.roc_auc, 12);
    expect(got.average_precision).toBeCloseTo(measures.average_precision, 12);
  });

  it('is the share of pairs in the right order, ties counting half', () => {
    fc.assert(
      fc.property(fewTexts, (scored) => {
        let wins = 0;
        let pairs = 0;
        scored.labels.forEach((label, i) => {
          scored.labels.forEach((other, j) => {
            if (label !== 1 || other !== 0) return;
            pairs++;
            wins += (Math.sign(scored.probabilities[i] - scored.probabilities[j]) + 1) / 2;
          });
        });
        expect(metricsOf(scored).roc_auc).toBeCloseTo(wins / pairs, 12);
      }),
    );
  });

  it('does not depend on the order of the texts', () => {
    fc.assert(
      fc.property(fewTexts, (scored) => {
        const reversed = { labels: scored.labels.toReversed(), probabilities: scored.probabilities.toReversed() };
        expect(metricsOf(reversed).average_precision).toBeCloseTo(metricsOf(scored).average_precision, 12);
      }),
    );
  });

  it('measures a sample given as counts like the drawn texts', () => {
    const scored = { labels: Uint8Array.of(0, 1, 1, 0), probabilities: Float64Array.of(0.9, 0.8, 0.3, 0.1) };
    const drawn = { labels: Uint8Array.of(1, 1, 1, 0), probabilities: Float64Array.of(0.8, 0.3, 0.3, 0.1) };
    expect(rankingMetrics(scored, rankByProbability(scored), Uint32Array.of(0, 1, 2, 1))).toEqual(metricsOf(drawn));
  });

  it('is NaN without texts of both classes', () => {
    const scored = { labels: Uint8Array.of(1, 1), probabilities: Float64Array.of(0.2, 0.8) };
    expect(metricsOf(scored)).toEqual({ roc_auc: Number.NaN, average_precision: Number.NaN });
  });
});

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

  it('bins confidence against correct predictions in the same way', () => {
    expectBins(confidenceBins(scored, goldenBins), confidence_bins);
  });

  it('weighs the errors of the bins by their texts', () => {
    const got = calibrationMetrics(scored, goldenBins);
    expect(got.ece).toBeCloseTo(measures.ece, 12);
    expect(got.ece_positive).toBeCloseTo(measures.ece_positive, 12);
  });
});

describe('calibrationMetrics', () => {
  it('is the overconfidence of a model that predicts 90 % and is right half of the time', () => {
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

  it('measures a sample given as counts like the drawn texts', () => {
    const scored = { labels: Uint8Array.of(1, 0, 0), probabilities: Float64Array.of(0.9, 0.8, 0.15) };
    const drawn = { labels: Uint8Array.of(1, 1, 0), probabilities: Float64Array.of(0.9, 0.9, 0.15) };
    expect(calibrationMetrics(scored, 10, Uint32Array.of(2, 0, 1))).toEqual(calibrationMetrics(drawn, 10));
  });
});
