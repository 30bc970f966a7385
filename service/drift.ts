/**
 * Whether incoming texts resemble the training texts. For each signal: how many texts fell into each bucket, and the
 * share of training texts that did (see ml/model/profile.ts). Prometheus compares the two; see monitoring/rules/.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { STANDARD_BOUNDS } from '../ml/model/profile.ts';
import type { Distribution, Model, Prediction } from '../ml/model/types.ts';
import { BucketTally, CountTally } from './tally.ts';

// Texts measured per second. Under load this takes a thousandth of the time and still gives plenty of texts an hour.
const MOST_PER_SECOND = 100;

type Signal = {
  name: string;
  bounds: readonly number[];
  /** Of the training texts. */
  distribution: Distribution | null | undefined;
  measure(prediction: Prediction): number;
};

/** Two classes have the probability of class 1 as a signal, more that of every class. */
function signalsOf({ profile, classes }: Model): Signal[] {
  const probability = (k: number, name: string, distribution: Distribution | null | undefined): Signal => ({
    name,
    bounds: distribution?.bounds ?? STANDARD_BOUNDS.probability,
    distribution,
    measure: ({ probabilities }) => probabilities[k],
  });
  return [
    {
      name: 'length',
      bounds: profile?.length.bounds ?? STANDARD_BOUNDS.length,
      distribution: profile?.length,
      measure: ({ tokens }) => tokens,
    },
    {
      name: 'unknown_share',
      bounds: profile?.unknown_share.bounds ?? STANDARD_BOUNDS.unknown_share,
      distribution: profile?.unknown_share,
      measure: ({ tokens, unknownTokens }) => (tokens === 0 ? 0 : unknownTokens / tokens),
    },
    ...(classes.length === 2
      ? [probability(1, 'probability', profile?.probability)]
      : classes.map((name, k) => probability(k, `probability_${name}`, profile?.probabilities?.[k]))),
  ];
}

export class Drift {
  #second = 0;
  #measured = 0;
  readonly #tokens: CountTally;
  readonly #unknownTokens: CountTally;
  readonly #signals: (Signal & { tally: BucketTally })[];

  /** Creates one series per bucket of the model's profile, or per standard bucket if the model has no profile. */
  constructor(registry: Registry, model: Model) {
    const { profile } = model;
    const registers = [registry];
    const texts = new Counter({
      name: 'model_signal_texts_total',
      help: 'Texts measured, by signal and by the upper bound of the bucket of its value; not cumulative.',
      labelNames: ['signal', 'bucket'],
      registers,
    });
    const signals = signalsOf(model);
    this.#signals = signals.map((signal) => ({
      ...signal,
      tally: new BucketTally(
        signal.bounds,
        bucketNames(signal.bounds).map((bucket) => texts.labels(signal.name, bucket)),
      ),
    }));
    this.#tokens = new CountTally(
      new Counter({ name: 'model_input_tokens_total', help: 'Tokens of the texts measured.', registers }),
    );
    this.#unknownTokens = new CountTally(
      new Counter({
        name: 'model_input_unknown_tokens_total',
        help: 'Tokens of the texts measured that are not in the vocabulary of the model.',
        registers,
      }),
    );
    if (profile) describeProfile(registry, profile, signals);
  }

  /** Measures at most MOST_PER_SECOND texts a second and skips the others. */
  add(prediction: Prediction): void {
    const second = Math.trunc(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#measured = 0;
    }
    if (this.#measured === MOST_PER_SECOND) return;
    this.#measured++;
    for (const signal of this.#signals) signal.tally.add(signal.measure(prediction));
    this.#tokens.add(prediction.tokens);
    this.#unknownTokens.add(prediction.unknownTokens);
  }

  flush(): void {
    for (const { tally } of this.#signals) tally.flush();
    this.#tokens.flush();
    this.#unknownTokens.flush();
  }
}

function describeProfile(registry: Registry, profile: NonNullable<Model['profile']>, signals: readonly Signal[]): void {
  const registers = [registry];
  const share = new Gauge({
    name: 'model_profile_share',
    help: 'Share of the training texts, by signal and by the upper bound of the bucket; not cumulative.',
    labelNames: ['signal', 'bucket'],
    registers,
  });
  for (const { name, distribution } of signals) {
    if (!distribution) continue;
    const total = distribution.counts.reduce((sum, count) => sum + count, 0);
    bucketNames(distribution.bounds).forEach((bucket, i) => {
      share.set({ signal: name, bucket }, distribution.counts[i] / total);
    });
  }
  if (profile.mean_confidence === null) return;
  new Gauge({
    name: 'model_profile_confidence',
    help: 'Mean calibrated probability of the predicted class, over out-of-fold training texts.',
    registers,
  }).set(profile.mean_confidence);
}

function bucketNames(bounds: readonly number[]): string[] {
  return [...bounds.map(String), '+Inf'];
}
