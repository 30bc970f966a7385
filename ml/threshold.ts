/**
 * Chooses the decision of a model on its out-of-fold probabilities, as `decision` of params.yaml asks: a threshold, the
 * cost of each kind of error, a wanted precision, a least confidence, or a wanted coverage.
 */
import { SentimentError, usageError } from './errors.ts';
import type { Decision } from './model/types.ts';
import type { ModelBuildingParams } from './params.ts';

type DecisionParams = NonNullable<ModelBuildingParams['decision']>;

/**
 * `probabilities` are those of each text, out-of-fold; undefined without calibration. Throws DECISION_INVALID (2),
 * DECISION_UNCALIBRATED (2), PRECISION_UNREACHED.
 */
export function chooseDecision(
  params: DecisionParams | undefined,
  classes: readonly string[],
  labels: Uint8Array,
  probabilities: readonly (readonly number[])[] | undefined,
): Decision | undefined {
  if (!params) return undefined;
  const { threshold, precision, costs, least_known, abstain_below, coverage } = params;
  const needed = () => {
    if (probabilities) return probabilities;
    throw usageError(
      'DECISION_UNCALIBRATED',
      'decision asks for a precision or a coverage, but there are no out-of-fold scores to choose it on',
      'set calibration: platt, and use at least two texts of each class',
    );
  };
  const target = numberOf(params.class ?? classes[classes.length - 1], classes);
  return {
    ...(threshold !== undefined && { threshold: { class: target, above: threshold } }),
    ...(precision !== undefined && {
      threshold: { class: target, above: thresholdFor(precision, target, labels, needed(), classes[target]) },
    }),
    ...(costs && { costs: costMatrix(costs, classes) }),
    ...(least_known !== undefined && { least_known }),
    ...(abstain_below !== undefined && { abstain_below }),
    ...(coverage !== undefined && { conformal: { coverage, least: leastProbability(coverage, labels, needed()) } }),
  };
}

function numberOf(name: string, classes: readonly string[]): number {
  const found = classes.indexOf(name);
  if (found >= 0) return found;
  throw usageError(
    'DECISION_INVALID',
    `decision names the class ${JSON.stringify(name)}; the classes are ${classes.join(', ')}`,
    'name one of the classes of data_ingestion',
  );
}

/** costs[right][answered], 1 for each error that is not named; by distance, the number of classes between the two. */
function costMatrix(costs: NonNullable<DecisionParams['costs']>, classes: readonly string[]): number[][] {
  if (costs === 'distance') return classes.map((_, i) => classes.map((_, j) => Math.abs(i - j)));
  const matrix = classes.map((_, i) => classes.map((_, j): number => (i === j ? 0 : 1)));
  for (const [right, row] of Object.entries(costs)) {
    for (const [answered, cost] of Object.entries(row)) {
      matrix[numberOf(right, classes)][numberOf(answered, classes)] = cost;
    }
  }
  return matrix;
}

/** The lowest threshold above which the texts are of the class in at least this share. */
function thresholdFor(
  precision: number,
  target: number,
  labels: Uint8Array,
  probabilities: readonly (readonly number[])[],
  name: string,
): number {
  const order = Array.from(labels, (_, i) => i).sort((a, b) => probabilities[b][target] - probabilities[a][target]);
  let right = 0;
  let best: number | undefined;
  let most = 0;
  for (const [at, i] of order.entries()) {
    if (labels[i] === target) right++;
    const own = probabilities[i][target];
    const next = at + 1 < order.length ? probabilities[order[at + 1]][target] : 0;
    if (next === own) continue;
    most = Math.max(most, right / (at + 1));
    // Halfway to the next text, so that rounding moves none across.
    if (right / (at + 1) >= precision) best = (own + next) / 2;
  }
  if (best !== undefined) return best;
  throw new SentimentError(
    'PRECISION_UNREACHED',
    `no threshold gives ${name} the precision ${precision} on the out-of-fold scores; the highest is ${most.toFixed(3)}`,
    { next: 'ask for a lower precision, or train on more texts' },
  );
}

/**
 * Split conformal prediction (Vovk, Gammerman & Shafer 2005; Sadinle, Lei & Wasserman 2019): of n texts,
 * ceil((n + 1) x coverage) have a probability of their own class of at least this. Out-of-fold scores take the place of a
 * calibration set, so the guarantee is that of the fold models; model_evaluation reports the coverage on held-out texts.
 */
function leastProbability(coverage: number, labels: Uint8Array, probabilities: readonly (readonly number[])[]): number {
  const own = Float64Array.from(labels, (label, i) => probabilities[i][label]).sort();
  const kept = Math.ceil((labels.length + 1) * coverage);
  return kept > labels.length ? 0 : own[labels.length - kept];
}
