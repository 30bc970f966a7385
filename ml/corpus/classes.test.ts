import { expect, it } from 'vitest';
import { createLabeller } from './candidate.ts';
import { type ClassSettings, classSetOf } from './classes.ts';

const usual: ClassSettings = {
  positive_labels: ['positive', 'pos', '1', 'true'],
  negative_labels: ['negative', 'neg', '0', 'false', '-1'],
  neutral_labels: ['neutral'],
  neutral_band: 0,
};
const three = { ...usual, classes: ['negative', 'neutral', 'positive'] };

it('two classes are negative and positive, parted at zero', () => {
  expect(classSetOf(usual)).toEqual({ names: ['negative', 'positive'], ordered: true, cuts: [0] });
});

it.each([
  [{ label: '-1' }, 0],
  [{ label: '0.0' }, 1],
  [{ label: 'Neutral' }, 1],
  [{ label: '1' }, 2],
  [{ rating: -0.5 }, 1],
  [{ rating: '0.51' }, 2],
  [{ rating: -0.51 }, 0],
])('beside a neutral class, %j is class %d', (opinion, label) => {
  expect(createLabeller({ ...three, neutral_band: 0.5 })(opinion)).toMatchObject({ label });
});

it('stars are their own labels, and lie halfway apart as ratings', () => {
  const stars = { ...usual, classes: ['1', '2', '3', '4', '5'] };
  expect(classSetOf(stars)).toMatchObject({ ordered: true, cuts: [1.5, 2.5, 3.5, 4.5] });
  const label = createLabeller(stars);
  expect([label({ label: '4.0' }), label({ rating: 3.5 }), label({ rating: 3.6 })]).toEqual([
    { label: 3 },
    { label: 2, rating: 3.5 },
    { label: 3, rating: 3.6 },
  ]);
});

it('any names have the labels that class_labels gives them, and no order unless somebody says so', () => {
  const topics = { ...usual, classes: ['price', 'service', 'food'], class_labels: { food: ['meal', 'dish'] } };
  const label = createLabeller(topics);
  expect([label({ label: 'Dish' }), label({ label: 'service' }), label({ label: 'food' })]).toEqual([
    { label: 2 },
    { label: 1 },
    'unknown',
  ]);
  expect(classSetOf(topics)).toMatchObject({ ordered: false, cuts: undefined });
  expect(() => label({ rating: 1 })).toThrow('ratings have no place among these classes');
});

it.each([
  [{ classes: ['a', 'b', 'c'], rating_cuts: [1] }, '3 classes need 2 rating_cuts, not 1'],
  [{ class_labels: { neutral: ['x'] } }, 'class_labels has "neutral", which is not in classes'],
])('%j is refused', (given, message) => {
  expect(() => classSetOf({ ...usual, ...given })).toThrow(
    expect.objectContaining({ exitCode: 2, message: `data_ingestion: ${message}` }),
  );
});
