import { describe, expect, it } from 'vitest';
import { dot } from '../features/csr.ts';
import { fitVectorizer } from '../features/vectorizer.ts';
import { createRandom } from '../random.ts';
import type { TrainingSet } from './classifier.ts';
import { fitL2 } from './logistic_l2.ts';
import { fitWithLibrary } from './ml_logistic_regression.ts';

/** 80 short texts of nine words with overlapping classes: small, dense, and without a separating plane. */
function smallSet(): TrainingSet {
  const random = createRandom(11);
  const words = ['good', 'warm', 'fun', 'the', 'a', 'film', 'bad', 'dull', 'thin'];
  const texts: string[] = [];
  const target = new Float64Array(80);
  for (let i = 0; i < 80; i++) {
    target[i] = i % 2;
    const draw = () => (i % 2 === 1 ? random() ** 1.4 : 1 - random() ** 1.4);
    texts.push(Array.from({ length: 6 }, () => words[Math.floor(9 * draw())]).join(' '));
  }
  const block = {
    ngrams: [1, 1] as [number, number],
    min_df: 1,
    max_df: 1,
    max_features: 0,
    weighting: 'count' as const,
    sublinear_tf: false,
    smooth_idf: true,
    norm: 'none' as const,
  };
  const settings = {
    tokenizer: 'words' as const,
    stemmer: 'none' as const,
    stopwords: 'none' as const,
    negation_scope: 0,
    negation_weight: 1,
    contrast_weight: 1,
    word: block,
    char: null,
  };
  return { x: fitVectorizer(texts, settings).x, target, weight: new Float64Array(80).fill(1) };
}

describe('the npm library ml-logistic-regression', () => {
  it('is an oracle: without a penalty, both draw the same boundary', () => {
    const set = smallSet();
    const library = fitWithLibrary(set, { learning_rate: 0.02, steps: 3000 });
    // So large a C leaves next to no penalty.
    const ours = fitL2(set, { C: 1e4, penalty: 'l2', tolerance: 1e-9, max_iterations: 100_000, seed: 1 });
    const scores = [library, ours].map((model) =>
      Array.from({ length: 80 }, (_, i) => dot(set.x, i, model.weights) + model.intercepts[0]),
    );
    expect(scores[0].map(Math.sign)).toEqual(scores[1].map(Math.sign));
    scores[0].forEach((score, i) => {
      expect(Math.abs(score - scores[1][i])).toBeLessThan(0.03 * (1 + Math.abs(score)));
    });
  });

  it('refuses a matrix that would not fit, with the way out', () => {
    const set = smallSet();
    const wide = { ...set, x: { ...set.x, columnCount: 1_000_000 } };
    expect(() => fitWithLibrary(wide, { learning_rate: 0.01, steps: 1 })).toThrow('80 texts x 1000000 features exceed');
  });

  it('refuses graded targets and weights, which it does not know', () => {
    const set = smallSet();
    const graded = { ...set, target: set.target.map((t) => 0.2 + 0.6 * t) };
    const weighted = { ...set, weight: set.weight.map((_, i) => i) };
    for (const one of [graded, weighted]) {
      expect(() => fitWithLibrary(one, { learning_rate: 0.01, steps: 1 })).toThrow(
        'supports neither graded targets nor weights',
      );
    }
  });

  it('says so when its steps are too long', () => {
    expect(() => fitWithLibrary(smallSet(), { learning_rate: 1e308, steps: 20 })).toThrow('overflowed at rate 1e+308');
  });
});
