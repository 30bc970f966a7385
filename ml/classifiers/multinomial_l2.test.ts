import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreRow } from '../features/csr.ts';
import { createRandom } from '../random.ts';
import type { LinearModel, TrainingSet } from './classifier.ts';
import { fitL2 } from './logistic_l2.ts';
import { fitMultinomialL2 } from './multinomial_l2.ts';
import { bestIntercepts, logSumExp, softmaxInto, softmaxLoss } from './softmax.ts';
import { sparse } from './testdata/matrix.ts';

type Case = {
  classes: number;
  C: number;
  y: number[];
  weight: number[];
  coef: number[][];
  intercept: number[];
  objective: number;
  probabilities: number[][];
};

const load = (name: string) => JSON.parse(readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8'));
const { x: rows } = load('sklearn.json') as { x: number[][] };
/** Made by testdata/multinomial.py with scikit-learn. */
const { cases } = load('multinomial.json') as { cases: Case[] };

const exact = { penalty: 'l2', tolerance: 1e-10, max_iterations: 20_000, seed: 1 } as const;

function oneHot(y: readonly number[], classes: number): Float64Array {
  const target = new Float64Array(y.length * classes);
  for (const [i, label] of y.entries()) target[i * classes + label] = 1;
  return target;
}

function setOf({ y, weight, classes }: Case): TrainingSet {
  return { x: sparse(rows), target: oneHot(y, classes), weight: Float64Array.from(weight) };
}

function scoresOf({ x }: TrainingSet, { weights, intercepts }: LinearModel): Float64Array[] {
  return Array.from({ length: x.rowCount }, (_, i) => {
    const scores = intercepts.slice();
    scoreRow(x, i, weights, scores);
    return scores;
  });
}

function objectiveAt(set: TrainingSet, model: Pick<LinearModel, 'weights' | 'intercepts'>, C: number): number {
  const scores = scoresOf(set, { ...model, intercepts: model.intercepts.slice().fill(0) } as LinearModel);
  const flat = Float64Array.from(scores.flatMap((row) => [...row]));
  const cost = set.weight.map((w) => w * C);
  return model.weights.reduce((sum, w) => sum + w * w, 0) / 2 + softmaxLoss(flat, model.intercepts, set.target, cost);
}

describe('multinomial logistic regression, next to scikit-learn', () => {
  it.each(cases.map((one, i) => ({ ...one, name: `case ${i}: ${one.classes} classes, C=${one.C}` })))(
    'finds the same minimum for $name',
    (one) => {
      const set = setOf(one);
      const model = fitMultinomialL2(set, { C: one.C, ...exact });
      expect(model.converged).toBe(true);
      expect(model.objective / one.objective).toBeCloseTo(1, 8);
      one.coef.forEach((ofClass, k) => {
        for (const [j, coefficient] of ofClass.entries()) {
          expect(model.weights[j * one.classes + k]).toBeCloseTo(coefficient, 3);
        }
        expect(model.intercepts[k]).toBeCloseTo(one.intercept[k], 3);
      });
      one.probabilities.forEach((expected, i) => {
        const scores = scoresOf(set, model)[i];
        softmaxInto(scores, scores);
        for (const [k, p] of expected.entries()) expect(scores[k]).toBeCloseTo(p, 4);
      });
    },
  );
});

describe('the multinomial solver', () => {
  it('with two classes and half the C is the binary solver', () => {
    const random = createRandom(4);
    const positive = Float64Array.from(rows, () => random());
    const weight = Float64Array.from(rows, () => 0.2 + random());
    const x = sparse(rows);
    const binary = fitL2({ x, target: positive, weight }, { C: 2, ...exact, tolerance: 1e-13 });
    const target = Float64Array.from([...positive].flatMap((p) => [1 - p, p]));
    const both = fitMultinomialL2({ x, target, weight }, { C: 1, ...exact, tolerance: 1e-13 });
    expect(2 * both.objective).toBeCloseTo(binary.objective, 8);
    for (const [j, w] of binary.weights.entries()) {
      expect(both.weights[2 * j + 1] - both.weights[2 * j]).toBeCloseTo(w, 6);
    }
    expect(both.intercepts[1] - both.intercepts[0]).toBeCloseTo(binary.intercepts[0], 6);
  });

  it('proves how near the minimum it is: no nearby point lies below', () => {
    const problems = fc.record({
      rows: fc.array(fc.array(fc.constantFrom(0, 0, 0.5, 1, -1), { minLength: 4, maxLength: 4 }), {
        minLength: 6,
        maxLength: 15,
      }),
      K: fc.integer({ min: 3, max: 6 }),
      seed: fc.nat(),
      C: fc.constantFrom(0.01, 1, 50),
      soft: fc.boolean(),
    });
    fc.assert(
      fc.property(problems, (given) => {
        const random = createRandom(given.seed);
        const { K } = given;
        const target = oneHot(
          given.rows.map((_, i) => i % K),
          K,
        );
        if (given.soft) for (let at = 0; at < target.length; at++) target[at] = (target[at] + 1 / K) / 2;
        const set = { x: sparse(given.rows), target, weight: Float64Array.from(given.rows, () => 0.1 + random()) };
        const model = fitMultinomialL2(set, { C: given.C, ...exact, tolerance: 1e-5 });
        expect(model.converged).toBe(true);
        expect(model.gap).toBeGreaterThan(-1e-9);
        expect(objectiveAt(set, model, given.C)).toBeCloseTo(model.objective, 6);
        for (let trial = 0; trial < 20; trial++) {
          const length = 10 ** (-3 * random());
          const weights = model.weights.map((w) => w + length * (random() - 0.5));
          const intercepts = model.intercepts.map((b) => b + length * (random() - 0.5));
          expect(objectiveAt(set, { weights, intercepts }, given.C)).toBeGreaterThanOrEqual(
            model.objective * (1 - 1.01e-5),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('has weights and intercepts that add up to zero over the classes', () => {
    const model = fitMultinomialL2(setOf(cases[0]), { C: 1, ...exact });
    for (let j = 0; j < rows[0].length; j++) {
      expect(model.weights[3 * j] + model.weights[3 * j + 1] + model.weights[3 * j + 2]).toBeCloseTo(0, 9);
    }
    expect(model.intercepts.reduce((sum, b) => sum + b, 0)).toBeCloseTo(0, 9);
  });

  it('gives the same bits for the same seed', () => {
    const settings = { C: 1, ...exact, tolerance: 1e-4, seed: 5 };
    expect(fitMultinomialL2(setOf(cases[0]), settings)).toEqual(fitMultinomialL2(setOf(cases[0]), settings));
  });

  it('says so when the passes do not suffice', () => {
    const model = fitMultinomialL2(setOf(cases[2]), { C: 100, ...exact, tolerance: 1e-12, max_iterations: 1 });
    expect(model.converged).toBe(false);
    expect(model.gap).toBeGreaterThan(1e-12);
  });

  it('gives a class without texts no chance, and stays finite', () => {
    const set = { ...setOf(cases[0]), target: oneHot(Array(rows.length).fill(0), 3) };
    const model = fitMultinomialL2(set, { C: 1, ...exact, tolerance: 1e-4, max_iterations: 50 });
    expect([...model.weights, ...model.intercepts].every(Number.isFinite)).toBe(true);
    const [scores] = scoresOf(set, model);
    expect(scores.indexOf(Math.max(...scores))).toBe(0);
  });
});

describe('the softmax functions', () => {
  it('stay finite far out', () => {
    const far = Float64Array.of(800, -800, 0);
    expect(logSumExp(far)).toBe(800);
    softmaxInto(far, far);
    expect([...far]).toEqual([1, 0, 0]);
  });

  it('find the intercepts that give the right shares', () => {
    const scores = Float64Array.of(2, 0, -1, 0.5, 0.2, 1, 0, 0, 0, -1, 3, 1);
    const target = oneHot([0, 1, 2, 1], 3);
    const cost = Float64Array.of(1, 2, 1, 0.5);
    const b = bestIntercepts(scores, new Float64Array(3), target, cost);
    const slope = new Float64Array(3);
    for (let i = 0; i < 4; i++) {
      const p = scores.slice(3 * i, 3 * i + 3).map((s, k) => s + b[k]);
      softmaxInto(p, p);
      for (let k = 0; k < 3; k++) slope[k] += cost[i] * (p[k] - target[3 * i + k]);
    }
    for (const value of slope) expect(value).toBeCloseTo(0, 9);
  });
});
