import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseParams, readParams } from '../params.ts';
import { createRandom } from '../random.ts';
import { outcomeFromText, outcomeToText } from './journal.ts';
import { duration, secondsLeft } from './run_cells.ts';
import { correctedAccuracy, holm, nestedAccuracy } from './selection.ts';
import { cellsOf, readExperiments } from './study.ts';
import { changeParams, flatten, unifiedDiff } from './suggestion.ts';

const root = resolve(import.meta.dirname, '../..');
const experiments = readExperiments(join(root, 'experiments.yaml'));
const params = readParams(join(root, 'params.yaml'));

describe('the cells of experiments.yaml', () => {
  test('a comparison has 24 or more, of all six algorithms', () => {
    const cells = cellsOf('compare', experiments, params);
    expect(cells.length).toBeGreaterThanOrEqual(24);
    expect(new Set(cells.map((cell) => cell.algorithm)).size).toBe(6);
    expect(new Set(cells.map((cell) => cell.name)).size).toBe(cells.length);
  });

  test('a cell is params.yaml with the changes of its row and column', () => {
    const cell = cellsOf('compare', experiments, params).find(({ name }) => name === 'logistic_regression/bow_uni')!;
    expect(cell.feature_engineering).toEqual({
      ...params.feature_engineering,
      word: {
        ...params.feature_engineering.word,
        ...{ ngrams: [1, 1], weighting: 'count', sublinear_tf: false, norm: 'none' },
      },
      char: null,
    });
    expect(cell.model_building).toEqual({ ...params.model_building, calibration: 'none', C: 0.1 });
  });

  test('tuning varies the winner', () => {
    const cells = cellsOf('tune', experiments, params, 'logistic_regression/tfidf_uni');
    const sizes = experiments.studies.tune.vary!.map(({ C, penalty }) => C.length * penalty.length);
    expect(cells.length).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(cells.every((cell) => cell.feature_engineering.char === null)).toBe(true);
    expect(cells.map((cell) => cell.name)).toContain('C=2 penalty=l1');
  });

  test('an ablation starts from params.yaml as it is', () => {
    const [none] = cellsOf('ablation', experiments, params);
    const { feature_engineering, model_building } = params;
    expect(none).toMatchObject({ feature_engineering, model_building });
  });
});

test("the DVC stages are the comparison's cells", () => {
  const { stages } = parse(readFileSync(join(root, 'ml/experiments/dvc_stages.yaml'), 'utf8'));
  const names = Object.values<{ matrix: { algorithm: string[]; features: string[] } }>(stages).flatMap(({ matrix }) =>
    matrix.algorithm.flatMap((algorithm) => matrix.features.map((features) => `${algorithm}/${features}`)),
  );
  expect(names.sort()).toEqual(
    cellsOf('compare', experiments, params)
      .map((cell) => cell.name)
      .sort(),
  );
});

test('the Indexed Job has as many shards as completions, and calls the program as its help says', () => {
  const { spec } = parse(readFileSync(join(root, 'manifests/experiments/job.yaml'), 'utf8'));
  const [container] = spec.template.spec.containers;
  expect(container.env).toEqual([{ name: 'EXPERIMENTS_SHARDS', value: String(spec.completions) }]);
  expect(Object.keys(experiments.studies)).toContain(container.args[0]);
  const help = readFileSync(join(import.meta.dirname, 'main.ts'), 'utf8');
  for (const option of container.args.filter((arg: string) => arg.startsWith('--'))) expect(help).toContain(option);
});

describe('the figure of a choice', () => {
  const labels = Uint8Array.from({ length: 400 }, (_, i) => i % 2);
  /** Right on the texts that `isRight` says. */
  const cell = (name: string, isRight: (i: number) => boolean) => ({
    name,
    scored: { labels, probabilities: Float64Array.from(labels, (label, i) => (isRight(i) === (label === 1) ? 1 : 0)) },
  });

  test('is lower than the best of many that guess', () => {
    const guess = (seed: number) => {
      const random = createRandom(seed);
      const coins = Array.from(labels, () => random() < 0.5);
      return cell(`guess ${seed}`, (i) => coins[i]);
    };
    const cells = Array.from({ length: 40 }, (_, seed) => guess(seed));
    const accuracies = cells.map(
      ({ scored }) => scored.probabilities.filter((p, i) => p > 0.5 === (labels[i] === 1)).length / labels.length,
    );
    const { accuracy } = correctedAccuracy(cells, 500, 1);
    expect(accuracy).toBeLessThan(Math.max(...accuracies));
    expect(Math.abs(accuracy - 0.5)).toBeLessThan(0.03);
  });

  test('is that of the best where it is far ahead', () => {
    const cells = [cell('good', (i) => i % 10 !== 0), cell('bad', (i) => i % 3 === 0)];
    const { accuracy, chosen } = correctedAccuracy(cells, 200, 1);
    expect(chosen).toEqual({ good: 200 });
    expect(accuracy).toBeCloseTo(0.9, 2);
  });

  test('comes from the folds that did not choose', () => {
    const folds = [
      { inner: [0.8, 0.7], outer: [0.6, 0.9] },
      { inner: [0.7, 0.8], outer: [0.9, 0.7] },
    ];
    const { accuracy, chosen } = nestedAccuracy(['a', 'b'], folds);
    expect(accuracy).toBeCloseTo(0.65, 12);
    expect(chosen).toEqual({ a: 1, b: 1 });
  });
});

test("Holm's correction multiplies the smallest by the number of tests, and never turns the order round", () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }), (values) => {
      const corrected = holm(values);
      values.forEach((value, i) => {
        expect(corrected[i]).toBeGreaterThanOrEqual(value);
        values.forEach((other, k) => {
          if (value < other) expect(corrected[i]).toBeLessThanOrEqual(corrected[k]);
        });
      });
    }),
  );
});

test('probabilities survive the journal to the last bit', () => {
  const probabilities = Float64Array.from([0.1 + 0.2, Number.MIN_VALUE, 1 - 2 ** -53]);
  const figures = { columns: 1, bytes: 2, iterations: 3, vectorize_seconds: 0, train_seconds: 0, score_seconds: 0 };
  const text = JSON.parse(JSON.stringify(outcomeToText({ ...figures, probabilities })));
  expect(outcomeFromText(text)).toEqual({ ...figures, probabilities });
});

test('a suggestion changes the values named and nothing else', () => {
  const text = readFileSync(join(root, 'params.yaml'), 'utf8');
  const changes = flatten({ model_building: { C: 20, penalty: 'l1' }, feature_engineering: { negation_weight: 1 } });
  const changed = changeParams(text, changes)!;
  expect(parseParams(changed, 'params.yaml')).toEqual({
    ...params,
    model_building: { ...params.model_building, C: 20, penalty: 'l1' },
    feature_engineering: { ...params.feature_engineering, negation_weight: 1 },
  });
  expect(changed.split('\n').filter((line, i) => line !== text.split('\n')[i]).length).toBe(3);
  expect(changeParams(text, { 'feature_engineering.word.ngrams': [1, 3] })).toBeUndefined();
});

test('a diff names the lines that differ with three around each', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\n';
  expect(unifiedDiff('x', before, before)).toBe('');
  expect(unifiedDiff('x', before, before.replace('e', 'E'))).toBe(
    '--- a/x\n+++ b/x\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n',
  );
  expect(unifiedDiff('x', before, before.replace('h', 'H'))).toContain('@@ -5,4 +5,4 @@');
});

test('the time left is what the same kinds of work cost, at the pace so far', () => {
  const done = [
    { kind: 'forest', seconds: 10 },
    { kind: 'line', seconds: 2 },
  ];
  expect(secondsLeft([], ['line'], 2)).toBeUndefined();
  // 12 seconds of work took 6 by the clock.
  expect(secondsLeft(done, ['forest', 'line'], 6)).toBe(6);
  // Nothing is known of another kind.
  expect(secondsLeft(done, ['line', 'other'], 6)).toBeUndefined();
  expect([duration(7.2), duration(200)]).toEqual(['8 s', '3 min 20 s']);
});
