import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { paramsSchema, readParams } from '../params.ts';
import { createRandom } from '../random.ts';
import { cellKey, codeDigest, outcomeFromText, outcomeToText } from './journal.ts';
import { duration, secondsLeft } from './run_cells.ts';
import { correctedAccuracy, holm, nestedAccuracy } from './selection.ts';
import { cellsOf, readExperiments } from './study.ts';
import { changeParams, flatten, unifiedDiff } from './suggestion.ts';

const root = resolve(import.meta.dirname, '../..');
const experiments = readExperiments(join(root, 'experiments.yaml'));
const params = readParams(join(root, 'params.yaml'));

describe('the cells of experiments.yaml', () => {
  test('a comparison has 24 or more cells, of all algorithms', () => {
    const cells = cellsOf('compare', experiments, params);
    expect(cells.length).toBeGreaterThanOrEqual(24);
    expect(new Set(cells.map((cell) => cell.algorithm)).size).toBe(7);
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
      polarity: [],
    });
    expect(cell.model_building).toEqual({ ...params.model_building, calibration: 'none', C: 0.1, nb_blend: 0 });
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

describe('experiments.yaml with a mistake is refused by file, line and field:', () => {
  const text = readFileSync(join(root, 'experiments.yaml'), 'utf8');

  test.each([
    ['a value that the file itself takes', 'folds: 5', 'folds: 1', 'folds: Too small'],
    ['an unknown key', '\nseed: 42', '\nsed: 42', 'sed: unknown setting'],
    [
      "a setting over params.yaml's",
      'settings: { nb_alpha: 1, nb_blend: 0, C: 1 }',
      'settings: { nb_alpha: 1, nb_blend: 0, C: 0 }',
      'C: Too small',
    ],
    ['a setting for counts', 'bow: { C: 0.1 }', 'bow: { D: 0.1 }', 'model_building.D: unknown setting'],
    ["a setting of a classifier's own", 'trees: 100', 'trees: many', 'settings.trees: Invalid input'],
    ['a feature', 'max_features: 100, weighting', 'max_features: -1, weighting', 'word.max_features: Too small'],
    [
      'an unknown classifier',
      'classifier: random_forest',
      'classifier: forest',
      'random_forest.classifier: Invalid option',
    ],
  ])('%s', (_, from, to, message) => {
    const path = join(mkdtempSync(join(tmpdir(), 'experiments-')), 'mine.yaml');
    onTestFinished(() => rmSync(dirname(path), { recursive: true }));
    const changed = text.replace(from, to);
    const line = changed.slice(0, text.split(from)[0].length + (from.startsWith('\n') ? 1 : 0)).split('\n').length;
    writeFileSync(path, changed);
    expect(() => cellsOf('compare', readExperiments(path), params)).toThrow(
      expect.objectContaining({
        code: 'EXPERIMENTS_INVALID',
        exitCode: 2,
        message: expect.stringMatching(new RegExp(`/mine\\.yaml:${line}: .*${message}`)),
      }),
    );
  });

  test('a variant', () => {
    const variants = { bad: { feature_engineering: { contrast_weight: 4 } } };
    const changed = { ...experiments, studies: { ablation: { ...experiments.studies.ablation, variants } } };
    expect(() => cellsOf('ablation', changed, params)).toThrow(/experiments\.yaml:\d+: .*contrast_weight: .*\(got 4\)/);
  });

  test('an unknown study, with the names of all', () => {
    expect(() => cellsOf('sweep', experiments, params)).toThrow(
      expect.objectContaining({ next: 'choose one of compare, tune, ablation' }),
    );
  });
});

test('the key of a cell changes with its texts and settings, and not with its name', () => {
  const [cell, other] = cellsOf('compare', experiments, params);
  expect(cellKey({ ...cell, name: 'another' }, 'texts')).toBe(cellKey(cell, 'texts'));
  expect(cellKey(other, 'texts')).not.toBe(cellKey(cell, 'texts'));
  expect(cellKey(cell, 'other texts')).not.toBe(cellKey(cell, 'texts'));
});

test('the digest of the code finds all its files', () => {
  expect(codeDigest()).toMatch(/^[0-9a-f]{64}$/);
});

test("the DVC stages are the comparison's cells", () => {
  type Stage = { matrix: { algorithm: string[]; features: string[] }; deps: string[] };
  const file = parse(readFileSync(join(root, 'ml/experiments/dvc_stages.yaml'), 'utf8'));
  const stages = Object.values<Stage>(file.stages);
  expect(stages.flatMap(({ deps }) => deps).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const names = stages.flatMap(({ matrix }) =>
    matrix.algorithm.flatMap((algorithm) => matrix.features.map((features) => `${algorithm}/${features}`)),
  );
  expect(names.sort()).toEqual(
    cellsOf('compare', experiments, params)
      .map((cell) => cell.name)
      .sort(),
  );
});

test('the Indexed Job has as many shards as completions, and uses options of the program', () => {
  const { spec } = parse(readFileSync(join(root, 'manifests/experiments/job.yaml'), 'utf8'));
  const [container] = spec.template.spec.containers;
  expect(container.env).toEqual([{ name: 'EXPERIMENTS_SHARDS', value: String(spec.completions) }]);
  expect(Object.keys(experiments.studies)).toContain(container.args[0]);
  const help = readFileSync(join(import.meta.dirname, 'main.ts'), 'utf8');
  const options = container.args.filter((arg: string) => arg.startsWith('--'));
  expect(options.length).toBeGreaterThan(0);
  for (const option of options) expect(help).toContain(`  ${option} `);
});

describe('the figure of a choice', () => {
  const labels = Uint8Array.from({ length: 400 }, (_, i) => i % 2);
  /** Right on the texts that `isRight` says. */
  const cell = (name: string, isRight: (i: number) => boolean) => ({
    name,
    scored: { labels, probabilities: Float64Array.from(labels, (label, i) => (isRight(i) === (label === 1) ? 1 : 0)) },
  });

  test('is lower than the best of many guessing cells', () => {
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

  test("is the best cell's own where it is far ahead", () => {
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

test("Holm's correction multiplies the smallest p by the number of tests, and never changes the order", () => {
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

test('a suggestion changes its values and nothing else', () => {
  const text = readFileSync(join(root, 'params.yaml'), 'utf8');
  const changes = flatten({ model_building: { C: 20, penalty: 'l1' }, feature_engineering: { negation_weight: 2 } });
  const changed = changeParams(text, changes)!;
  expect(paramsSchema.parse(parse(changed))).toEqual({
    ...params,
    model_building: { ...params.model_building, C: 20, penalty: 'l1' },
    feature_engineering: { ...params.feature_engineering, negation_weight: 2 },
  });
  expect(changed.split('\n').filter((line, i) => line !== text.split('\n')[i]).length).toBe(3);
  expect(changeParams(text, { 'feature_engineering.word.ngrams': [1, 3] })).toBeUndefined();
});

test('a diff has the changed lines with three lines of context', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\n';
  expect(unifiedDiff('x', before, before)).toBe('');
  expect(unifiedDiff('x', before, before.replace('e', 'E'))).toBe(
    '--- a/x\n+++ b/x\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n',
  );
  expect(unifiedDiff('x', before, before.replace('h', 'H'))).toContain('@@ -5,4 +5,4 @@');
});

test('the time left is the cost of the same kinds of work at the pace so far', () => {
  const done = [
    { kind: 'forest', seconds: 10 },
    { kind: 'line', seconds: 2 },
  ];
  expect(secondsLeft([], ['line'], 2)).toBeUndefined();
  // 12 seconds of work took 6 by the clock.
  expect(secondsLeft(done, ['forest', 'line'], 6)).toBe(6);
  // The cost of another kind is unknown.
  expect(secondsLeft(done, ['line', 'other'], 6)).toBeUndefined();
  expect([duration(7.2), duration(200)]).toEqual(['8 s', '3 min 20 s']);
});
