import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import { afterAll, describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel } from './artifact.ts';
import { exportModel } from './export.ts';

const folder = mkdtempSync(join(tmpdir(), 'classes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const words = [
  ['bad', 'dull', 'awful'],
  ['plain', 'usual', 'average'],
  ['good', 'warm', 'great'],
];
const reviews: Review[] = Array.from({ length: 90 }, (_, i) => ({
  id: `${i}`,
  label: i % 3,
  text: `a ${words[i % 3][(i >> 1) % 3]} film with a ${words[i % 3][(i >> 2) % 3]} cast, number ${i % 7}`,
}));
const given = readParams('ml/testdata/params.yaml');
const params = { ...given, data_ingestion: { ...given.data_ingestion, classes: ['negative', 'neutral', 'positive'] } };
const model = trainModel(reviews, params);
const path = join(folder, 'model.bin');
saveModel(path, model.parts);

describe('a model of three classes', () => {
  it('answers each of them, with probabilities that add up to one', () => {
    const texts = ['an awful film', 'the usual, average cast', 'a warm, great story'];
    expect(texts.map((text) => model.predict(text).label)).toEqual(['negative', 'neutral', 'positive']);
    for (const text of texts) {
      const { probabilities, confidence, probability } = model.predict(text);
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      expect([confidence, probability]).toEqual([Math.max(...probabilities), Math.max(...probabilities)]);
    }
  });

  it('explains any class: bias and words add up to its score, and the scores of all to zero', () => {
    for (const text of ['not a great film, but a usual cast', 'a dull &amp; warm story', 'number 3']) {
      const explained = [0, 1, 2].map((towards) => model.explain(text, towards));
      for (const { score, bias, words: own } of explained) {
        expect(own.reduce((sum, word) => sum + word.contribution, bias)).toBeCloseTo(score, 5);
      }
      expect(explained.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(0, 9);
      const powers = explained.map(({ score }) => Math.exp(score));
      const total = powers.reduce((sum, power) => sum + power, 0);
      model.predict(text).probabilities.forEach((p, k) => {
        expect(powers[k] / total).toBeCloseTo(p, 9);
      });
      expect(model.explain(text).towards).toBe(model.predict(text).class);
    }
  });

  it('gives the same scores to the last bit after loading, and the same bytes again', () => {
    const loaded = readModel(path);
    expect([loaded.classes, loaded.ordered]).toEqual([['negative', 'neutral', 'positive'], true]);
    for (const { text } of reviews) expect(loaded.predict(text)).toEqual(model.predict(text));
    const again = join(folder, 'again.bin');
    saveModel(again, trainModel(reviews, params).parts);
    expect(readFileSync(again).equals(readFileSync(path))).toBe(true);
  });

  it('keeps the out-of-fold probability of every class in its profile', () => {
    const { profile } = readModel(path);
    expect(profile?.probability).toBeNull();
    expect(profile?.probabilities?.map(({ counts }) => counts.reduce((sum, n) => sum + n, 0))).toEqual([90, 90, 90]);
  });

  it('is exported for ml-logistic-regression, which predicts the same classes', () => {
    const exported = exportModel(path);
    const library = LogisticRegression.load(JSON.parse(JSON.stringify(exported)));
    const texts = reviews.slice(0, 30).map((review) => review.text);
    const x = model.parts.vectorizer.transform(texts);
    const dense = Matrix.zeros(x.rowCount, exported.features.length);
    for (let i = 0; i < x.rowCount; i++) {
      for (let k = x.start[i]; k < x.start[i + 1]; k++) dense.set(i, x.columns[k], x.values[k]);
      dense.set(i, exported.features.length - 1, 1);
    }
    expect(library.predict(dense)).toEqual(texts.map((text) => model.predict(text).class));
  });

  it('keeps its decision, and abstains by it', () => {
    const decision = {
      abstain_below: 0.99,
      costs: [
        [0, 1, 2],
        [1, 0, 1],
        [2, 1, 0],
      ],
    };
    saveModel(path, { ...model.parts, decision });
    const loaded = readModel(path);
    expect(loaded.parts.decision).toEqual(decision);
    expect(loaded.predict('a film with a cast').abstains).toBe('unsure');
    expect(loaded.predict('xyzzy').abstains).toBe('unknown');
    saveModel(path, {
      ...model.parts,
      decision: {
        costs: [
          [0, 1],
          [1, 0],
        ],
      },
    });
    expect(() => readModel(path)).toThrow('decision is not about 3 classes');
  });
});

it('two classes of other names keep one weight a feature', () => {
  const named = { ...given, data_ingestion: { ...given.data_ingestion, classes: ['spam', 'ham'] } };
  const two = trainModel(
    reviews.filter((review) => review.label < 2),
    named,
  );
  saveModel(path, two.parts);
  expect(readModel(path).classes).toEqual(['spam', 'ham']);
  expect(readModel(path).parts.weights.length).toBe(two.featureCount);
});
