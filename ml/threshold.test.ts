import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, possibleClasses } from './model/decision.ts';
import { createRandom } from './random.ts';
import { chooseDecision } from './threshold.ts';

const names = ['negative', 'neutral', 'positive'];

/** Calibrated probabilities of three classes, and labels drawn from them. */
function draw(count: number, seed: number) {
  const random = createRandom(seed);
  const probabilities = Array.from({ length: count }, () => {
    const powers = [random() ** 3, random() ** 3, random() ** 3];
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
  const labels = Uint8Array.from(probabilities, ([first, second]) => {
    const u = random();
    return u < first ? 0 : u < first + second ? 1 : 2;
  });
  return { probabilities, labels };
}

describe('conformal prediction', () => {
  it.each([0.8, 0.9, 0.95])('covers the right class as often as asked: %d', (coverage) => {
    const { probabilities, labels } = draw(4000, 1);
    const decision = chooseDecision({ coverage }, names, labels, probabilities);
    const fresh = draw(20_000, 2);
    const least = decision?.conformal?.least ?? Number.NaN;
    const covered = fresh.probabilities.filter((p, i) => possibleClasses(p, least).includes(fresh.labels[i])).length;
    // Two standard errors, of the threshold and of the measurement together.
    const error = Math.sqrt(coverage * (1 - coverage) * (1 / 4000 + 1 / 20_000));
    expect(Math.abs(covered / 20_000 - coverage)).toBeLessThan(2 * error);
  });

  it('abstains unless exactly one class is possible', () => {
    const decision = { conformal: { coverage: 0.9, least: 0.4 } };
    expect(decide([0.1, 0.2, 0.7], decision)).toEqual({ class: 2, unsure: false, possible: [2] });
    expect(decide([0.1, 0.45, 0.45], decision)).toEqual({ class: 1, unsure: true, possible: [1, 2] });
    expect(decide([0.33, 0.34, 0.33], decision)).toEqual({ class: 1, unsure: true, possible: [] });
  });

  it('takes every class where the texts are too few for the coverage', () => {
    const { probabilities, labels } = draw(5, 3);
    expect(chooseDecision({ coverage: 0.95 }, names, labels, probabilities)?.conformal?.least).toBe(0);
  });
});

describe('a wanted precision', () => {
  it('is reached with the lowest threshold that does', () => {
    const { probabilities, labels } = draw(2000, 4);
    const { threshold } = chooseDecision({ precision: 0.8, class: 'positive' }, names, labels, probabilities) ?? {};
    const above = (limit: number) => {
      const taken = [...labels].filter((_, i) => probabilities[i][2] > limit);
      return taken.filter((label) => label === 2).length / taken.length;
    };
    expect(threshold?.class).toBe(2);
    expect(above(threshold?.above ?? 1)).toBeGreaterThanOrEqual(0.8);
  });

  it('that cannot be reached is an error with the highest one', () => {
    const labels = Uint8Array.of(0, 1, 0, 1);
    const probabilities = [0.9, 0.8, 0.7, 0.2].map((p) => [1 - p, p]);
    expect(() => chooseDecision({ precision: 0.99 }, ['a', 'b'], labels, probabilities)).toThrow(
      expect.objectContaining({ code: 'PRECISION_UNREACHED', message: expect.stringContaining('is 0.500') }),
    );
    expect(() => chooseDecision({ precision: 0.5 }, ['a', 'b'], labels, undefined)).toThrow(
      expect.objectContaining({ code: 'DECISION_UNCALIBRATED', exitCode: 2 }),
    );
  });
});

describe('costs', () => {
  it('answer the median of ordered classes if they are distances', () => {
    const simplex = fc
      .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })
      .map((values) => values.map((value) => value / values.reduce((sum, one) => sum + one, 0)));
    const decision = chooseDecision({ costs: 'distance' }, ['1', '2', '3', '4', '5'], Uint8Array.of(), undefined);
    fc.assert(
      fc.property(simplex, (p) => {
        let sum = 0;
        const median = p.findIndex((share) => {
          sum += share;
          return sum >= 0.5 - 1e-9;
        });
        expect(Math.abs(decide(p, decision).class - median)).toBeLessThanOrEqual(
          Math.abs(p.slice(0, median + 1).reduce((total, share) => total + share, 0) - 0.5) < 1e-6 ? 1 : 0,
        );
      }),
    );
  });

  it('move the answer to the class whose errors are dear, and default to 1', () => {
    const decision = chooseDecision(
      { costs: { negative: { positive: 5 } } },
      ['negative', 'positive'],
      Uint8Array.of(),
      undefined,
    );
    expect(decision?.costs).toEqual([
      [0, 5],
      [1, 0],
    ]);
    expect([decide([0.2, 0.8], decision).class, decide([0.1, 0.9], decision).class]).toEqual([0, 1]);
    expect(() =>
      chooseDecision({ costs: { good: { bad: 1 } } }, ['negative', 'positive'], Uint8Array.of(), undefined),
    ).toThrow(expect.objectContaining({ code: 'DECISION_INVALID', exitCode: 2 }));
  });
});

it('a threshold and a least confidence', () => {
  const decision = chooseDecision(
    { threshold: 0.7, abstain_below: 0.6 },
    ['negative', 'positive'],
    Uint8Array.of(),
    undefined,
  );
  expect(decide([0.25, 0.75], decision)).toMatchObject({ class: 1, unsure: false });
  expect(decide([0.35, 0.65], decision)).toMatchObject({ class: 0, unsure: true });
});
