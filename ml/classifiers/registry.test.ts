import { expect, test } from 'vitest';
import { dot, selectRows } from '../features/csr.ts';
import type { LinearModel } from './classifier.ts';
import { sigmoid } from './logistic_loss.ts';
import { classifierNames, classifiers, linearNames, linearSettings } from './registry.ts';
import { inventTexts } from './testdata/matrix.ts';

const { train, held, heldLabels } = inventTexts();
const fewTexts = {
  x: selectRows(
    train.x,
    Array.from({ length: 500 }, (_, i) => i),
  ),
  target: train.target.subarray(0, 500),
  weight: train.weight.subarray(0, 500),
};

test('linear classifiers that share the name of a setting share the setting', () => {
  for (const name of linearNames) {
    for (const [key, setting] of Object.entries(classifiers[name].settings.shape)) {
      expect(linearSettings[key as keyof typeof linearSettings], `${name}.${key}`).toBe(setting);
    }
  }
});

test.each(classifierNames)('every setting of %s has a default and a description', (name) => {
  const { settings } = classifiers[name];
  expect(Object.keys(settings.parse({}))).toEqual(Object.keys(settings.shape));
  for (const setting of Object.values<{ description?: string }>(settings.shape))
    expect(setting.description).toMatch(/\.$/);
});

test.each(classifierNames)('%s learns with its defaults', (name) => {
  const classifier = classifiers[name];
  // The npm library takes seconds for its default of 2,000 steps on all texts.
  const few = { steps: 50 };
  const probabilities = classifier.linear
    ? scoreWith(classifier.fit(fewTexts, few, 1))
    : classifier.fit(fewTexts, few, 1).probabilities(held);
  const right = heldLabels.filter((label, i) => (probabilities[i] > 0.5 ? 1 : 0) === label).length;
  expect(right / heldLabels.length).toBeGreaterThan(0.55);
});

function scoreWith({ weights, intercepts }: LinearModel): Float64Array {
  return Float64Array.from(heldLabels, (_, i) => sigmoid(dot(held, i, weights) + intercepts[0]));
}

test('a setting of another classifier is ignored, a wrong one of its own is not', () => {
  const { multinomial_naive_bayes: bayes } = classifiers;
  expect(bayes.fit(train, { alpha: 1, C: -1 }, 1)).toEqual(bayes.fit(train, {}, 1));
  expect(() => bayes.fit(train, { alpha: 0 }, 1)).toThrow('expected number to be >0');
});

test.each(linearNames)('%s learns nothing from texts of weight 0', (name) => {
  const rows = Array.from({ length: 500 }, (_, i) => i);
  const kept = rows.filter((i) => i % 5 !== 0);
  const target = fewTexts.target.map((t, i) => (i % 5 === 0 ? 1 - t : t));
  const settings = { steps: 50, tolerance: 1e-7, max_iterations: 20_000 };
  const classifier = classifiers[name];
  const without = {
    x: selectRows(fewTexts.x, kept),
    target: Float64Array.from(kept, (i) => target[i]),
    weight: new Float64Array(kept.length).fill(1),
  };
  const idle = classifier.fit(
    { ...fewTexts, target, weight: target.map((_, i) => (i % 5 === 0 ? 0 : 1)) },
    settings,
    1,
  );
  const expected = classifier.fit(without, settings, 1);
  expect(idle.intercepts[0]).toBeCloseTo(expected.intercepts[0], 3);
  for (const [j, weight] of expected.weights.entries()) expect(idle.weights[j]).toBeCloseTo(weight, 3);
});
