// The package ships no types. Source: its src/logreg.js and src/logreg_2classes.js, version 2.0.0.
declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  export type TwoClassesJson = { numSteps: number; learningRate: number; weights: number[][] };
  export type LogisticRegressionJson = {
    name: 'LogisticRegression';
    numSteps: number;
    learningRate: number;
    numberClasses: number;
    classifiers: TwoClassesJson[];
  };
  export default class LogisticRegression {
    constructor(options?: { numSteps?: number; learningRate?: number });
    /** One a class; its weights are one row. */
    classifiers: { weights: Matrix }[];
    numberClasses: number;
    /** `labels` is a column of 0, 1, ... */
    train(features: Matrix, labels: Matrix): void;
    predict(features: Matrix): number[];
    toJSON(): LogisticRegressionJson;
    static load(model: LogisticRegressionJson): LogisticRegression;
  }
}
