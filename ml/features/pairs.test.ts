import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_PAIR, Pairs } from './pairs.ts';

const pair = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }));

describe('pairs', () => {
  it('are numbered in the order in which they were added, and found alone or many at a time', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 400 }), fc.array(pair, { maxLength: 50 }), (added, asked) => {
        const expected = new Map<string, number>();
        const learnt = new Pairs();
        for (const [left, right] of added) {
          const key = `${left} ${right}`;
          if (!expected.has(key)) expected.set(key, expected.size);
          expect(learnt.add(left, right)).toBe(expected.get(key));
          learnt.setColumn(expected.get(key)!, 7 * expected.get(key)!);
        }
        for (const pairs of [learnt, new Pairs(learnt.records.slice())]) {
          const numbers = asked.map(([left, right]) => expected.get(`${left} ${right}`) ?? -1);
          expect(asked.map(([left, right]) => pairs.find(left, right))).toEqual(numbers);
          const lefts = Int32Array.from(asked, ([left]) => left);
          const rights = Int32Array.of(0, ...asked.map(([, right]) => right));
          const columns = new Int32Array(asked.length + 1);
          pairs.findAll(lefts, rights, 1, asked.length, columns, 1);
          expect([...columns]).toEqual([0, ...numbers.map((number) => (number < 0 ? -1 : 7 * number))]);
          expect([...lefts]).toEqual(numbers.map((number) => (number < 0 ? NO_PAIR : ~number)));
        }
      }),
    );
  });

  it('continue others', () => {
    const pairs = new Pairs();
    const first = pairs.add(3, 4);
    const second = pairs.add(~first, 4);
    expect([pairs.find(3, 4), pairs.find(~first, 4), pairs.find(~second, 4)]).toEqual([0, 1, -1]);
  });

  it('are refused if one is given twice', () => {
    expect(() => new Pairs(Int32Array.of(1, 2, 0, 1, 2, 1))).toThrow('pairs 0 and 1 are the same');
  });
});
