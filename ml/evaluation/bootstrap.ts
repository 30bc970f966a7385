/**
 * How much would a figure move on other texts of the same kind? The bootstrap (Efron 1979) draws as many texts with
 * replacement, again and again, and looks at the spread. Texts are drawn one by one, as if independent.
 */
import { createRandom } from '../random.ts';
import { type MeasureName, type Measures, measure } from './measures.ts';
import { rankByProbability } from './ranking.ts';
import type { Counts, Scored } from './scored.ts';

/** Calls `visit` once a sample with how often each of `length` texts was drawn; the array is reused. */
export function resample(length: number, samples: number, seed: number, visit: (counts: Counts) => void): void {
  const random = createRandom(seed);
  const counts = new Uint32Array(length);
  for (let sample = 0; sample < samples; sample++) {
    counts.fill(0);
    for (let draw = 0; draw < length; draw++) counts[Math.floor(random() * length)]++;
    visit(counts);
  }
}

/**
 * Standard error of each measure over `samples` bootstrap samples. A measure is left out when fewer than two samples
 * had a value for it (samples with texts of one class have no ROC-AUC).
 */
export function standardErrors(
  scored: Scored,
  binCount: number,
  samples: number,
  seed: number,
): Partial<Record<MeasureName, number>> {
  const ranking = rankByProbability(scored);
  const seen = new Map<MeasureName, number[]>();
  resample(scored.labels.length, samples, seed, (counts) => {
    const measures = measure(scored, binCount, counts, ranking);
    for (const name of Object.keys(measures) as (keyof Measures)[]) {
      if (Number.isNaN(measures[name])) continue;
      const values = seen.get(name);
      if (values) values.push(measures[name]);
      else seen.set(name, [measures[name]]);
    }
  });
  const errors: Partial<Record<MeasureName, number>> = {};
  for (const [name, values] of seen) if (values.length >= 2) errors[name] = standardDeviation(values);
  return errors;
}

/** Of a sample: divided by one less than its length, which must be at least 2. */
export function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
