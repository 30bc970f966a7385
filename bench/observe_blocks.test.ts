import { expect, test } from 'vitest';
import { turnsOf } from './observe_blocks.ts';

const blocks = (...variants: number[]) => variants.map((variant) => ({ variant, cpu: 1, clock: 1 }));

test('a turn begins with neither and is whole', () => {
  const turns = turnsOf(blocks(2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
  expect(turns.map((turn) => turn.map(({ variant }) => variant))).toEqual([
    [0, 1, 2, 3],
    [0, 1, 2, 3],
  ]);
  expect(turnsOf(blocks(1, 2, 3))).toEqual([]);
});
