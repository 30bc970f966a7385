import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import type { LinearModel, TrainingSet } from './classifier.ts';
import { fitL1 } from './logistic_l1.ts';
import { fitL2 } from './logistic_l2.ts';
import { bestIntercept, entropy, type LogisticRegressionSettings, sigmoid, softplus } from './logistic_loss.ts';
import { sparse } from './testdata/matrix.ts';

type Case = {
  penalty: 'l1' | 'l2';
  C: number;
  weighted: boolean;
  class_weight: 'none' | 'balanced';
  coef: number[];
  intercept: number;
  objective: number;
};

/** Made by testdata/sklearn.py with scikit-learn. */
const golden = JSON.parse(readFileSync(new URL('./testdata/sklearn.json', import.meta.url), 'utf8')) as {
  x: number[][];
  y: number[];
  weight: number[];
  cases: Case[];
};

function goldenSet({ weighted, class_weight }: Case): TrainingSet {
  const positives = golden.y.reduce((sum, y) => sum + y, 0);
  const n = golden.y.length;
  const weight = golden.y.map((y, i) => {
    const balance = y === 1 ? n / (2 * positives) : n / (2 * (n - positives));
    return (weighted ? golden.weight[i] : 1) * (class_weight === 'balanced' ? balance : 1);
  });
  return { x: sparse(golden.x), target: Float64Array.from(golden.y), weight: Float64Array.from(weight) };
}

const exact = { tolerance: 1e-9, max_iterations: 20_000, seed: 1 };

function solve(set: TrainingSet, settings: LogisticRegressionSettings): LinearModel {
  return settings.penalty === 'l1' ? fitL1(set, settings) : fitL2(set, settings);
}

describe('logistic regression, next to scikit-learn', () => {
  it.each(
    golden.cases.map((one) => ({
      ...one,
      name: `${one.penalty} C=${one.C} weights=${one.weighted} ${one.class_weight}`,
    })),
  )('finds the same minimum for $name', (one) => {
    const model = solve(goldenSet(one), { C: one.C, penalty: one.penalty, ...exact });
    expect(model.converged).toBe(true);
    expect(model.objective / one.objective).toBeCloseTo(1, 6);
    for (const [j, coefficient] of one.coef.entries()) expect(model.weights[j]).toBeCloseTo(coefficient, 2);
    expect(model.intercepts[0]).toBeCloseTo(one.intercept, 2);
  });
});

const problems = fc.record({
  rows: fc.array(fc.array(fc.constantFrom(0, 0, 0.5, 1, -1), { minLength: 4, maxLength: 4 }), {
    minLength: 6,
    maxLength: 15,
  }),
  seed: fc.nat(),
  C: fc.constantFrom(0.01, 1, 50),
  soft: fc.boolean(),
});

function problem({ rows, seed, soft }: { rows: number[][]; seed: number; soft: boolean }): TrainingSet {
  const random = createRandom(seed);
  const target = Float64Array.from(rows, (_, i) => (soft ? 0.05 + 0.9 * random() : i % 2));
  return { x: sparse(rows), target, weight: Float64Array.from(rows, () => 0.1 + random()) };
}

describe.each(['l2', 'l1'] as const)('the %s solver', (penalty) => {
  it('proves how near the minimum it is: no nearby point lies below', () => {
    fc.assert(
      fc.property(problems, (given) => {
        const set = problem(given);
        const model = solve(set, { C: given.C, penalty, tolerance: 1e-5, max_iterations: 20_000, seed: 3 });
        expect(model.converged).toBe(true);
        expect(model.gap).toBeLessThanOrEqual(1e-5);
        const random = createRandom(given.seed + 1);
        for (let trial = 0; trial < 20; trial++) {
          const length = 10 ** (-3 * random());
          const weights = model.weights.map((w) => w + length * (random() - 0.5));
          const objective = objectiveAt(
            set,
            weights,
            model.intercepts[0] + length * (random() - 0.5),
            given.C,
            penalty,
          );
          expect(objective).toBeGreaterThanOrEqual(model.objective * (1 - 1.01e-5));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reports the objective of the weights it returns', () => {
    const set = goldenSet(golden.cases[0]);
    const model = solve(set, { C: 2, penalty, ...exact });
    expect(objectiveAt(set, model.weights, model.intercepts[0], 2, penalty)).toBeCloseTo(model.objective, 6);
  });

  it('gives the same bits for the same seed', () => {
    const set = goldenSet(golden.cases[0]);
    const settings = { C: 1, penalty, tolerance: 1e-4, max_iterations: 100, seed: 5 };
    expect(solve(set, settings)).toEqual(solve(set, settings));
    expect(solve(set, { ...settings, seed: 6 }).weights).not.toEqual(solve(set, settings).weights);
  });

  it('says so when the passes do not suffice', () => {
    const model = solve(goldenSet(golden.cases[0]), { C: 100, penalty, tolerance: 1e-12, max_iterations: 1, seed: 5 });
    expect(model.converged).toBe(false);
    expect(model.gap).toBeGreaterThan(1e-12);
  });

  it('takes a weight of two as the same text twice', () => {
    const rows = golden.x.slice(0, 20);
    const target = golden.y.slice(0, 20);
    const twice: TrainingSet = {
      x: sparse([...rows, ...rows]),
      target: Float64Array.from([...target, ...target]),
      weight: new Float64Array(40).fill(1),
    };
    const weighted: TrainingSet = {
      x: sparse(rows),
      target: Float64Array.from(target),
      weight: new Float64Array(20).fill(2),
    };
    const [a, b] = [twice, weighted].map((set) => solve(set, { C: 1, penalty, ...exact }));
    expect(a.objective).toBeCloseTo(b.objective, 6);
  });
});

describe('the l1 penalty', () => {
  it('sets weights to zero', () => {
    const model = solve(goldenSet(golden.cases[0]), { C: 1, penalty: 'l1', ...exact });
    expect(model.weights.filter((w) => w === 0).length).toBeGreaterThan(5);
  });
});

describe('a text without features', () => {
  it.each(['l1', 'l2'] as const)('moves only the intercept under %s', (penalty) => {
    const set: TrainingSet = {
      x: sparse([[0], [0], [0], [0]]),
      target: Float64Array.of(1, 1, 1, 0),
      weight: new Float64Array(4).fill(1),
    };
    const model = solve(set, { C: 1, penalty, ...exact });
    expect(model.weights[0]).toBe(0);
    expect(model.intercepts[0]).toBeCloseTo(Math.log(3), 4);
  });
});

function objectiveAt(
  { x, target, weight }: TrainingSet,
  weights: Float64Array,
  intercept: number,
  C: number,
  penalty: 'l1' | 'l2',
): number {
  let value = weights.reduce((sum, w) => sum + (penalty === 'l1' ? Math.abs(w) : (w * w) / 2), 0);
  for (let i = 0; i < x.rowCount; i++) {
    let z = intercept;
    for (let k = x.start[i]; k < x.start[i + 1]; k++) z += x.values[k] * weights[x.columns[k]];
    value += C * weight[i] * (Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - target[i] * z);
  }
  return value;
}

describe('the logistic functions', () => {
  it('stay finite far out', () => {
    expect([sigmoid(800), sigmoid(-800), softplus(800), softplus(-800)]).toEqual([1, 0, 800, 0]);
    expect([entropy(0), entropy(1)]).toEqual([0, 0]);
  });

  it('find the intercept that gives the right mean', () => {
    const margin = Float64Array.of(2, -1, 0.5, 3);
    const target = Float64Array.of(1, 0, 0, 1);
    const cost = Float64Array.of(1, 2, 1, 0.5);
    const b = bestIntercept(margin, 0, target, cost);
    const slope = margin.reduce((sum, m, i) => sum + cost[i] * (sigmoid(m + b) - target[i]), 0);
    expect(slope).toBeCloseTo(0, 9);
  });
});
