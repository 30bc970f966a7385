import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseHeldOut, requireAllClasses, type SplitInput, strataOf } from './split.ts';

/** Texts of units u0, u1 and so on; every other one is of class 1. */
function input(size: number, more: Partial<SplitInput> = {}): SplitInput {
  const numbers = Array.from({ length: size }, (_, i) => i);
  return { labels: numbers.map((i) => i % 2), units: numbers.map((i) => `u${i}`), testShare: 0.2, seed: 42, ...more };
}

describe('a split by keyed hash', () => {
  it('keeps the side of every unit when texts are added, removed or shuffled', () => {
    const units = [...input(1000).units];
    const sides = new Map(chooseHeldOut(input(1000)).map((side, i) => [units[i], side]));
    fc.assert(
      fc.property(fc.shuffledSubarray(units, { minLength: 200 }), (some) => {
        const labels = some.map((unit) => Number(unit.slice(1)) % 2);
        const chosen = chooseHeldOut(input(0, { units: some, labels }));
        expect(chosen).toEqual(some.map((unit) => sides.get(unit)));
      }),
      { numRuns: 30 },
    );
  });

  it('puts texts of one unit on one side', () => {
    const { units } = input(500);
    const doubled = chooseHeldOut(input(1000, { units: [...units, ...units] }));
    expect(doubled.slice(500)).toEqual(doubled.slice(0, 500));
  });

  it('depends on the seed, independently: each fifth of a fifth is held out by both', () => {
    const [one, other] = [1, 2].map((seed) => chooseHeldOut(input(10_000, { seed })));
    expect(one.filter((side, i) => side && other[i]).length / 10_000).toBeCloseTo(0.04, 2);
  });

  it('is fixed for good: another split would make figures incomparable', () => {
    const held = chooseHeldOut(input(30)).flatMap((side, i) => (side ? [i] : []));
    expect(held).toEqual([14, 18, 25, 27, 28, 29]);
  });

  it('gives both sides every class, however small the corpus, as long as each class has two units', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 12 }), fc.nat(), (size, seed) => {
        const given = input(size, { seed });
        const held = chooseHeldOut(given);
        for (const side of [true, false]) {
          for (const label of [0, 1]) {
            expect(held.some((one, i) => one === side && given.labels[i] === label)).toBe(true);
          }
        }
      }),
    );
  });
});

describe('the strata', () => {
  it('lie within what they say chance allows for 95 of 100 seeds, with groups of every size', () => {
    let within = 0;
    for (let seed = 0; seed < 400; seed++) {
      const given = input(900, { seed, units: Array.from({ length: 900 }, (_, i) => `g${Math.floor(Math.sqrt(i))}`) });
      const [{ share, least, most }] = strataOf(given, chooseHeldOut(given));
      if (share >= least && share <= most) within++;
    }
    expect(within / 400).toBeGreaterThan(0.92);
    expect(within / 400).toBeLessThan(0.98);
  });

  it('count the texts of each class', () => {
    const given = input(100);
    const held = chooseHeldOut(given);
    const [zero, one] = strataOf(given, held);
    expect([zero.label, zero.texts, one.label, one.texts]).toEqual([0, 50, 1, 50]);
    expect(zero.held_out + one.held_out).toBe(held.filter(Boolean).length);
    expect(zero.most - 0.2).toBeCloseTo(1.96 * Math.sqrt((0.2 * 0.8) / 50), 12);
  });
});

it.each([
  [[0, 1], [1, 1], 0, 'the test part would have 2 texts, none of class 0, but both parts need every class'],
  [[], [0, 1], 7, 'the train part would have 0 texts without the 7 that the test part has as well, none of class 0, 1'],
])('of %j and %j a part lacks a class, and the message says so', (train, test, shared, message) => {
  expect(() => requireAllClasses(train, test, shared)).toThrow(
    expect.objectContaining({ code: 'SPLIT_IMPOSSIBLE', message: expect.stringContaining(message) }),
  );
});
