import { describe, expect, it } from 'vitest';
import { lexiconOf } from '../lexicon/lexicon.ts';
import { paramsSchema } from '../params.ts';
import { createNormalizer } from '../text/normalize.ts';
import { trainModel } from '../training.ts';
import { dot } from './csr.ts';
import { leaveOut, tie } from './tied.ts';
import { fitVectorizer } from './vectorizer.ts';

const params = paramsSchema.parse({ model_building: { nb_blend: 0 } });
const texts = ['a good film', "it wasn't bad, but 😂 long", 'great great acting', 'a dull and awful story', 'plain'];
const normalize = createNormalizer(params.data_preprocessing);

describe('tied columns', () => {
  const lexicon = lexiconOf(params.feature_engineering);
  if (!lexicon) throw new Error('no lexicon');
  const { x } = fitVectorizer(texts.map(normalize), params.feature_engineering);

  it('give a text the same score as the words whose weights they make', () => {
    const tied = tie(x, lexicon);
    const weights = Float64Array.from({ length: tied.x.columnCount }, (_, j) => Math.sin(j));
    const plain = tied.untie(weights, 1);
    for (const i of texts.keys()) expect(dot(x, i, plain)).toBeCloseTo(dot(tied.x, i, weights), 4);
  });

  it('are two ratings and a hundred parts of a vector a text', () => {
    const tied = tie(x, lexicon);
    expect(tied.x.columnCount).toBe(x.columnCount - lexicon.words.length + 102);
    expect(tied.x.signs).toEqual(Uint8Array.of(0, 1, 0, 0, 0));
  });

  it('are left out for a method to which they mean nothing', () => {
    const without = leaveOut(x, lexicon);
    const weights = new Float64Array(without.x.columnCount).fill(1);
    const plain = without.untie(weights, 1);
    expect(plain.slice(-lexicon.words.length).every((weight) => weight === 0)).toBe(true);
    for (const i of texts.keys()) expect(dot(x, i, plain)).toBeCloseTo(dot(without.x, i, weights), 6);
  });
});

describe('a model with a lexicon', () => {
  const model = trainModel(
    Array.from({ length: 80 }, (_, i) => ({
      id: `${i}`,
      label: i % 2,
      text:
        i % 2
          ? `a ${['good', 'great', 'lovely', 'superb'][(i >> 1) % 4]} thing ${i}`
          : `a ${['bad', 'awful', 'dreadful', 'poor'][(i >> 1) % 4]} thing ${i}`,
    })),
    params,
  );

  it('has an opinion of words that it never met', () => {
    expect(model.explain('excellent').words[0].contribution).toBeGreaterThan(0.1);
    expect(model.predict('a horrible disgusting thing').label).toBe('negative');
    expect(model.predict('a thing 😡').score).toBeLessThan(model.predict('a thing').score);
  });

  it('explains them exactly: bias and words add up to the score', () => {
    for (const text of [...texts, 'undercooked and overpriced', "it isn't horrible"]) {
      const { bias, score, words } = model.explain(text);
      expect(words.reduce((sum, { contribution }) => sum + contribution, bias)).toBeCloseTo(score, 6);
    }
  });

  it('scores stored rows and served texts alike, to the last bit', () => {
    const { vectorizer, weights, intercepts, calibration } = model.parts;
    const stored = vectorizer.transform(texts.map(normalize));
    texts.forEach((text, i) => {
      const sum = dot(stored, i, weights);
      expect(model.scores(text)[0]).toBe(calibration.slopes[0] * (sum + intercepts[0]) + calibration.offsets[0]);
    });
  });
});
