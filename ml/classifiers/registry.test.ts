import { expect, test } from 'vitest';
import { classifierNames, classifiers, isLinear, linearNames, linearSettings } from './registry.ts';
import { inventTexts } from './testdata/matrix.ts';

const { train, held, heldLabels } = inventTexts();

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

test.each(classifierNames.filter((name) => !isLinear(name)))('%s learns with its defaults', (name) => {
  const classifier = classifiers[name];
  if (classifier.linear) throw new Error('only classifiers without weights are listed');
  const { probabilities, bytes } = classifier.fit(train, {}, 1);
  const right = probabilities(held).filter((p, i) => (p > 0.5 ? 1 : 0) === heldLabels[i]).length;
  expect(right / heldLabels.length).toBeGreaterThan(0.7);
  expect(bytes).toBeGreaterThan(0);
});

test('a setting of another classifier is ignored, a wrong one of its own is not', () => {
  const { multinomial_naive_bayes: bayes } = classifiers;
  expect(bayes.fit(train, { alpha: 1, C: -1 }, 1)).toEqual(bayes.fit(train, {}, 1));
  expect(() => bayes.fit(train, { alpha: 0 }, 1)).toThrow('expected number to be >0');
});
