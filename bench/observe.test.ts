import { expect, test } from 'vitest';
import { turnsOf, variantAt } from './observe.ts';

test('each turn has all variants, in a different order than the last', () => {
  const variants = Array.from({ length: 18 }, (_, block) => variantAt(block));
  expect(variants.slice(0, 8)).toEqual([0, 1, 2, 3, 1, 2, 3, 0]);
  const turns = turnsOf(variants.map((variant) => ({ variant, cpu: 1, clock: 1 })));
  expect(turns.map((turn) => turn.map(({ variant }) => variant))).toEqual(Array(4).fill([0, 1, 2, 3]));
});
