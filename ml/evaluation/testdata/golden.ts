import { readFileSync } from 'node:fs';
import type { PrecisionRecallPoint, RocPoint } from '../curves.ts';
import type { CalibrationBin } from '../calibration.ts';
import type { Measures, Outcomes } from '../measures.ts';
import type { Scored } from '../scored.ts';

/** golden.json, written by make_golden.py: what scikit-learn and SciPy say. */
export type GoldenCase = {
  name: string;
  scored: Scored;
  outcomes: Outcomes;
  measures: Measures;
  positive_bins: CalibrationBin[];
  confidence_bins: CalibrationBin[];
  roc_auc_se_delong: number;
  roc?: RocPoint[];
  precision_recall?: PrecisionRecallPoint[];
};

type Stored = Omit<GoldenCase, 'scored'> & { labels: number[]; probabilities: number[] };

const stored = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as {
  bins: number;
  cases: Stored[];
  mcnemar: {
    onlyFirstRight: number;
    onlySecondRight: number;
    twoSided: number;
    firstBetter: number;
    secondBetter: number;
  }[];
};

export const goldenBins = stored.bins;
export const goldenMcnemar = stored.mcnemar;
export const goldenCases: GoldenCase[] = stored.cases.map(({ labels, probabilities, ...rest }) => ({
  ...rest,
  scored: { labels: Uint8Array.from(labels), probabilities: Float64Array.from(probabilities) },
}));

export function goldenCase(name: string): GoldenCase {
  const found = goldenCases.find((one) => one.name === name);
  if (!found) throw new Error(`no golden case is named ${name}`);
  return found;
}
