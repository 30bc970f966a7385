import type { Csr } from '../features/csr.ts';

/** What a linear classifier learns from. Lengths of `target` and `weight` are the matrix's row count. */
export type TrainingSet = {
  x: Csr;
  /** Probability that the text is positive, 0 to 1: 0 or 1 for plain labels, between for graded ones. */
  target: Float64Array;
  /** How much each text counts, 0 or more. */
  weight: Float64Array;
};

/** score = intercept + sum of weight x value; positive scores mean class 1. */
export type LinearModel = {
  /** One number a column. */
  weights: Float64Array<ArrayBuffer>;
  intercept: number;
  /** Passes over the data. */
  iterations: number;
  /** Value of the objective reached. */
  objective: number;
  /** Proven distance of the objective from its minimum, as a share of it; NaN where the method proves none. */
  gap: number;
  converged: boolean;
};

export type LogisticRegressionSettings = {
  /** Inverse strength of the penalty, above 0; smaller means stronger. */
  C: number;
  penalty: 'l2' | 'l1';
  /** Share of the objective within which its minimum must be proven to lie. */
  tolerance: number;
  /** Most passes over the data. */
  max_iterations: number;
  /** Order in which the passes visit texts or columns. */
  seed: number;
};

/** Called after each check of convergence. */
export type OnProgress = (iterations: number, gap: number) => void;
