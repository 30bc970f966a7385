import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classSetOf } from './corpus/classes.ts';
import { gatherSplit } from './corpus/corpus.ts';
import type { Review } from './corpus/review.ts';
import { temporaryFolder } from './corpus/testdata/temporary.ts';
import { saveModel } from './model/artifact.ts';
import { readParams } from './params.ts';
import { createRandom, shuffle } from './random.ts';
import { labelsOf, trainModel } from './training.ts';
import { fitWeights, trainingSet } from './weights.ts';

const params = readParams('ml/testdata/params.yaml');
const building = params.model_building;
const x = {
  rowCount: 3,
  columnCount: 1,
  start: Uint32Array.of(0, 1, 2, 3),
  columns: Uint32Array.of(0, 0, 0),
  values: Float32Array.of(1, 1, -1),
};
const rated = labelsOf([
  { id: '1', text: 'a', label: 1, rating: 2 },
  { id: '2', text: 'b', label: 1 },
  { id: '3', text: 'c', label: 0, rating: -0.5 },
]);

const two = classSetOf(params.data_ingestion);

describe('the training set', () => {
  it('has the label as a hard target', () => {
    const { target, weight } = trainingSet(x, rated, two, { ...building, target: 'hard' });
    expect([[...target], [...weight]]).toEqual([
      [1, 1, 0],
      [1, 1, 1],
    ]);
  });

  it('has the graded rating as a soft target, where there is one', () => {
    const { target } = trainingSet(x, rated, two, { ...building, target: 'soft', soft_slope: 1 });
    expect(target[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
    expect(target[1]).toBe(1);
    expect(target[2]).toBeCloseTo(1 / (1 + Math.exp(0.5)), 12);
  });

  it('weighs a text by the strength of its rating', () => {
    const { weight } = trainingSet(x, rated, two, { ...building, sample_weight: 'rating' });
    expect([...weight]).toEqual([2, 1, 0.5]);
  });

  it('weighs a text by the size of its class when classes are balanced', () => {
    const { weight } = trainingSet(x, rated, two, { ...building, class_weight: 'balanced' });
    expect([...weight]).toEqual([0.75, 0.75, 1.5]);
  });
});

describe('training', () => {
  const reviews: Review[] = ['good', 'bad', 'fine good', 'poor bad', 'good fun', 'bad bore'].map((words, i) => ({
    id: `${i}`,
    text: `${words} film`,
    label: i % 2 === 0 ? 1 : 0,
  }));

  it('needs both classes, and says which one is there', () => {
    const positive = reviews.filter((review) => review.label === 1);
    expect(() => trainModel(positive, params)).toThrow(
      'all 3 training texts are positive: training needs both classes',
    );
  });

  it('reports how far it got when max_iterations is too small', () => {
    const hard = { ...building, target: 'hard' as const, C: 1e6, tolerance: 1e-12, max_iterations: 2 };
    expect(() => fitWeights(x, rated, two, hard)).toThrow(/after 2 passes, but tolerance is 1e-12/);
  });

  it('works on very few texts, with as many calibration folds as there are texts of the rarer class', () => {
    const model = trainModel(reviews, {
      ...params,
      feature_engineering: { ...params.feature_engineering, char: null },
    });
    expect(model.predict('a good film').probability).toBeGreaterThan(model.predict('a bad film').probability);
  });

  it('leaves scores unchanged when calibration would invert them', () => {
    // Each word stands in one text, so that a text held out looks like the other class.
    const strangers: Review[] = ['good', 'fine', 'bad', 'poor'].map((word, i) => ({
      id: word,
      text: word,
      label: i < 2 ? 1 : 0,
    }));
    const words = { ...params, feature_engineering: { ...params.feature_engineering, char: null } };
    expect(trainModel(strangers, words).predict('good').class).toBe(1);
  });

  it('is as sure of new texts as it is right, though each training text has words that no other has', () => {
    const random = createRandom(5);
    const words = ['fine', 'solid', 'plain', 'slow', 'dull', 'weak'];
    const make = (count: number, own: string): Review[] =>
      Array.from({ length: count }, (_, i) => {
        const label = i % 2;
        const pick = () => words[Math.floor(6 * random() ** (label === 0 ? 0.6 : 1.6))];
        const strange = Array.from({ length: 8 }, (_, k) => `${own}${i}x${k}`);
        return { id: `${i}`, text: [pick(), pick(), pick(), ...strange].join(' '), label };
      });
    const settings = { ...params, feature_engineering: { ...params.feature_engineering, char: null } };
    const model = trainModel(make(1000, 'q'), settings);
    const answers = make(4000, 'z').map(({ text, label }) => {
      const { class: said, probability } = model.predict(text);
      return { sure: Math.max(probability, 1 - probability), right: Number(said === label) };
    });
    const mean = (of: 'sure' | 'right') => answers.reduce((sum, answer) => sum + answer[of], 0) / answers.length;
    expect(Math.abs(mean('sure') - mean('right'))).toBeLessThan(0.05);
  });

  it('finds more texts of a rare class under class_weight: balanced, calibration included', () => {
    const random = createRandom(8);
    const words = ['fine', 'solid', 'plain', 'slow', 'dull', 'weak'];
    const many: Review[] = Array.from({ length: 600 }, (_, i) => {
      const label = i % 10 === 0 ? 1 : 0;
      const pick = () => words[Math.min(5, Math.floor(6 * random() ** (label === 1 ? 1.4 : 0.8)))];
      return { id: `${i}`, text: `${pick()} ${pick()} ${pick()}`, label };
    });
    const found = (class_weight: 'none' | 'balanced') => {
      const model = trainModel(many, { ...params, model_building: { ...building, class_weight } });
      return many.filter(({ text, label }) => label === 1 && model.predict(text).class === 1).length;
    };
    expect(found('none')).toBeLessThan(10);
    expect(found('balanced')).toBeGreaterThan(30);
  });

  it('offers ml-logistic-regression as a classifier', () => {
    const model = trainModel(reviews, {
      ...params,
      feature_engineering: { ...params.feature_engineering, char: null },
      model_building: { ...building, classifier: 'ml_logistic_regression', learning_rate: 0.1, steps: 500 },
    });
    expect(model.predict('good film').class).toBe(1);
  });

  it('serves and explains multinomial naive Bayes like any other linear classifier', () => {
    const model = trainModel(reviews, {
      ...params,
      model_building: { ...building, classifier: 'multinomial_naive_bayes', calibration: 'none' },
    });
    const { probability, score } = model.predict('good film');
    expect(probability).toBeGreaterThan(0.5);
    const { words, bias } = model.explain('good film');
    const good = words.find((word) => word.text === 'good')!;
    expect(good.contribution).toBeGreaterThan(Math.abs(words.find((word) => word.text === 'film')!.contribution));
    expect(bias + words.reduce((sum, word) => sum + word.contribution, 0)).toBeCloseTo(score, 5);
  });

  it('gives other weights under naive Bayes scaling, and the same kind of model', () => {
    const scaled = trainModel(reviews, { ...params, model_building: { ...building, nb_alpha: 1 } });
    expect(scaled.predict('good film').class).toBe(1);
    expect(scaled.parts.weights).not.toEqual(trainModel(reviews, params).parts.weights);
  });

  it('is the same, byte for byte, for the rows of a table in another order', async () => {
    const random = createRandom(8);
    const folder = temporaryFolder();
    const words = ['good', 'warm', 'bad', 'dull', 'film', 'Film', 'cast', '!'];
    const rows = Array.from({ length: 300 }, () => {
      const text = Array.from({ length: 5 }, () => words[Math.floor(random() * words.length)]).join(' ');
      return JSON.stringify({ text, stars: random() < 0.5 ? 1 : -1, shop: Math.floor(random() * 40) });
    });
    const path = join(folder, 'reviews.jsonl');
    const columns = { source: path, text_column: 'text', rating_column: 'stars', group_column: 'shop' };
    const digestOf = async (lines: string[]) => {
      writeFileSync(path, lines.join('\n'));
      const settings = { ...params, data_ingestion: { ...params.data_ingestion, ...columns } };
      const { train } = await gatherSplit(settings.data_ingestion, { folder, log: () => {} });
      return saveModel(join(folder, 'model.bin'), trainModel(train, settings).parts);
    };
    expect(await digestOf(shuffle([...rows], random))).toBe(await digestOf(rows));
    expect(await digestOf(rows.slice(1))).not.toBe(await digestOf(rows));
  });
});
