import { expect, it } from 'vitest';
import { CountTally, ValueTally } from './tally.ts';

it('ValueTally hands on every value, in order, in bulk or when asked', () => {
  const seen: number[] = [];
  const tally = new ValueTally({ observe: (value) => seen.push(value) });
  const values = Array.from({ length: 1000 }, (_, i) => i / 7);
  for (const value of values) tally.add(value);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.length).toBeLessThan(1000);
  tally.flush();
  tally.flush();
  expect(seen).toEqual(values);
});

it('CountTally hands on its count once', () => {
  const seen: number[] = [];
  const tally = new CountTally({ inc: (by) => seen.push(by) });
  tally.flush();
  tally.add();
  tally.add();
  tally.flush();
  tally.flush();
  expect(seen).toEqual([2]);
});
