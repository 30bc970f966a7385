import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import type { Model } from '../model/types.ts';
import { crossValidate, type Fold, type PredictFold } from './cross_validation.ts';
import { measure } from './measures.ts';
import { toyModel } from './testdata/toy_model.ts';

const reviews: Review[] = Array.from({ length: 60 }, (_, i) => ({
  id: `r${i}`,
  text: `${i % 2 === 0 ? 'good' : 'bad'} film ${i % 7 === 0 ? 'odd' : 'even'} ${i}`,
  label: (i % 2 === 0) === (i % 11 !== 0) ? 1 : 0,
}));

const settings = { folds: 5, seed: 42, binCount: 10, classes: { names: ['negative', 'positive'], ordered: true } };

/** Predicts the texts inside a fold with the model that `fit` makes of those outside. */
const by =
  (of: readonly Review[], learn: (train: Review[]) => Pick<Model, 'predict'>): PredictFold =>
  ({ train, held }: Fold) => {
    const model = learn(Array.from(train, (i) => of[i]));
    return Array.from(held, (i) => model.predict(of[i].text));
  };

/** Learns how often texts with the word "good" are positive. */
const wordRate = by(reviews, (train) => {
  const rate = (good: boolean) => {
    const some = train.filter((review) => review.text.includes('good') === good);
    return some.filter((review) => review.label === 1).length / some.length;
  };
  const [withGood, without] = [rate(true), rate(false)];
  return toyModel((text) => (text.includes('good') ? withGood : without));
});

describe('crossValidate', () => {
  it('trains each fold on texts that it does not score, and scores every text once', async () => {
    const scoredTexts: string[] = [];
    const fit = by(reviews, (train) => {
      const seen = new Set(train.map((review) => review.text));
      expect(train).toHaveLength(48);
      return toyModel((text) => {
        expect(seen.has(text)).toBe(false);
        scoredTexts.push(text);
        return 0.5;
      });
    });
    await crossValidate(reviews, settings, fit);
    expect(scoredTexts.sort()).toEqual(reviews.map((review) => review.text).sort());
  });

  it('keeps a group out of the training texts of its own fold', async () => {
    const grouped = reviews.map((review, i) => ({ ...review, group: `g${i % 12}` }));
    const fit = by(grouped, (train) => {
      const groups = new Set(train.map((review) => review.group));
      return toyModel((text) => {
        expect(groups.has(grouped.find((review) => review.text === text)?.group)).toBe(false);
        return 0.5;
      });
    });
    await crossValidate(grouped, settings, fit);
  });

  it('gives mean and standard error over folds, and measures of all texts together', async () => {
    const result = await crossValidate(reviews, settings, wordRate);
    const accuracies = result.folds.map((fold) => fold.accuracy);
    const mean = accuracies.reduce((sum, value) => sum + value, 0) / 5;
    const variance = accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4;
    expect(result.mean.accuracy).toBeCloseTo(mean, 12);
    expect(result.se.accuracy).toBeCloseTo(Math.sqrt(variance / 5), 12);
    expect(result.pooled).toEqual(measure(result.scored, 10));
    expect(result.pooled.accuracy).toBeCloseTo(54 / 60, 12);
  });

  it('gives the same result for the same seed, and other folds for another', async () => {
    const once = await crossValidate(reviews, settings, wordRate);
    expect(await crossValidate(reviews, settings, wordRate)).toEqual(once);
    expect((await crossValidate(reviews, { ...settings, seed: 1 }, wordRate)).folds).not.toEqual(once.folds);
  });

  it('reports each fold as it ends', async () => {
    const seen: [number, number][] = [];
    const { folds } = await crossValidate(
      reviews,
      { ...settings, onFold: (fold, measures) => seen.push([fold, measures.accuracy]) },
      wordRate,
    );
    expect(seen).toEqual(folds.map((fold, k) => [k + 1, fold.accuracy]));
  });

  it('refuses a corpus with one class', async () => {
    const positive = reviews.filter((review) => review.label === 1);
    await expect(crossValidate(positive, settings, wordRate)).rejects.toThrowError(
      expect.objectContaining({ code: 'FOLDS_INVALID', exitCode: 2 }),
    );
  });
});
