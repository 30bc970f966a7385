import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { answerMetrics } from './answers.ts';
import { confusionMatrix, measure, measureNames } from './measures.ts';
import { type Scored, scoreReviews } from './scored.ts';
import { toyClasses } from './testdata/toy_model.ts';

const classes = { names: ['low', 'middle', 'high'], ordered: true };
// Answers: low, high, middle, middle, high, low.
const scored: Scored = {
  labels: Uint8Array.of(0, 0, 1, 1, 2, 2),
  probabilities: Float64Array.of(
    0.7,
    0.2,
    0.1,
    0.3,
    0.1,
    0.6,
    0.2,
    0.5,
    0.3,
    0.1,
    0.8,
    0.1,
    0.1,
    0.2,
    0.7,
    0.4,
    0.3,
    0.3,
  ),
  classes,
};

describe('measures of three classes', () => {
  // scikit-learn 1.9.1: accuracy_score, precision_recall_fscore_support, matthews_corrcoef, log_loss, roc_auc_score(ovr, macro).
  const measures = measure(scored, 10);

  it("are scikit-learn's", () => {
    expect(measures.accuracy).toBeCloseTo(4 / 6, 12);
    expect(measures.precision_macro).toBeCloseTo((0.5 + 1 + 0.5) / 3, 12);
    expect(measures.recall_macro).toBeCloseTo((0.5 + 1 + 0.5) / 3, 12);
    expect(measures.f1_macro).toBeCloseTo((0.5 + 1 + 0.5) / 3, 12);
    expect(measures.mcc).toBeCloseTo(0.5, 12);
    const own = [0.7, 0.3, 0.5, 0.8, 0.7, 0.3];
    expect(measures.log_loss).toBeCloseTo(-own.reduce((sum, p) => sum + Math.log(p), 0) / 6, 12);
    expect(measures.roc_auc).toBeCloseTo(0.8958333333333334, 12);
  });

  it('have the distance of ordered classes, and figures of each class', () => {
    expect(measures.mean_absolute_error).toBeCloseTo(4 / 6, 12);
    expect([measures.recall_low, measures.precision_middle, measures.f1_high]).toEqual([0.5, 1, 0.5]);
    expect(measures.ece_middle).toBeGreaterThan(0);
    expect(measure({ ...scored, classes: { ...classes, ordered: false } }, 10)).not.toHaveProperty(
      'mean_absolute_error',
    );
  });

  it('count what a decision answers, not what is most probable', () => {
    expect(confusionMatrix({ ...scored, predicted: Uint8Array.of(0, 0, 1, 1, 2, 2) })).toEqual([
      [2, 0, 0],
      [0, 2, 0],
      [0, 0, 2],
    ]);
  });
});

it('names of classes become names of measures that MLflow takes', () => {
  expect(measureNames(['very good', 'a/b', 'a?b', '好'])).toEqual(['very_good', 'a_b', 'class_2', 'class_3']);
});

it('a model that abstains has the share and the accuracy of what it answers, and its coverage', () => {
  const model = toyClasses(['a', 'b', 'c'], (text) => (text === 'x' ? [0.9, 0.1, 0] : [0.4, 0.35, 0.25]));
  const reviews: Review[] = ['x', 'y', 'x', 'y'].map((text, i) => ({ id: `${i}`, text, label: i === 2 ? 1 : 0 }));
  const predictions = reviews.map(({ text }) => {
    const possible = text === 'x' ? [0] : [0, 1];
    return { ...model.predict(text), possible, ...(text === 'y' && { abstains: 'unsure' as const }) };
  });
  expect(answerMetrics(scoreReviews(reviews, model), predictions)).toEqual({
    answered_share: 0.5,
    answered_accuracy: 0.5,
    coverage: 0.75,
    coverage_se: expect.any(Number),
    mean_possible: 1.5,
  });
});
