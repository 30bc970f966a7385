/**
 * Whether incoming texts resemble the training texts. For each signal: how many texts fell into each bucket, and the
 * share of training texts that did (see ml/model/profile.ts). Prometheus compares the two; see monitoring/rules/.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { SIGNALS, type Signal, STANDARD_BOUNDS } from '../ml/model/profile.ts';
import type { Model, Prediction } from '../ml/model/types.ts';
import { BucketTally, CountTally } from './tally.ts';

// Texts measured per second. Under load this takes a thousandth of the time and still gives plenty of texts an hour.
const MOST_PER_SECOND = 100;

export class Drift {
  #second = 0;
  #measured = 0;
  readonly #tokens: CountTally;
  readonly #unknownTokens: CountTally;
  readonly #tallies: Record<Signal, BucketTally>;

  /** Creates one series per bucket of the model's profile, or per standard bucket if the model has no profile. */
  constructor(registry: Registry, { profile }: Model) {
    const registers = [registry];
    const texts = new Counter({
      name: 'model_signal_texts_total',
      help: 'Texts measured, by signal and by the upper bound of the bucket of its value; not cumulative.',
      labelNames: ['signal', 'bucket'],
      registers,
    });
    const tallyOf = (signal: Signal) => {
      const bounds = profile?.[signal]?.bounds ?? STANDARD_BOUNDS[signal];
      return new BucketTally(
        bounds,
        bucketNames(bounds).map((bucket) => texts.labels(signal, bucket)),
      );
    };
    this.#tallies = {
      length: tallyOf('length'),
      unknown_share: tallyOf('unknown_share'),
      probability: tallyOf('probability'),
    };
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
    if (profile) describeProfile(registry, profile);
  }

  /** Measures at most MOST_PER_SECOND texts a second and skips the others. */
  add({ probability, tokens, unknownTokens }: Prediction): void {
    const second = Math.trunc(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#measured = 0;
    }
    if (this.#measured === MOST_PER_SECOND) return;
    this.#measured++;
    this.#tallies.length.add(tokens);
    this.#tallies.unknown_share.add(tokens === 0 ? 0 : unknownTokens / tokens);
    this.#tallies.probability.add(probability);
    this.#tokens.add(tokens);
    this.#unknownTokens.add(unknownTokens);
  }

  flush(): void {
    for (const signal of SIGNALS) this.#tallies[signal].flush();
    this.#tokens.flush();
    this.#unknownTokens.flush();
  }
}

function describeProfile(registry: Registry, profile: NonNullable<Model['profile']>): void {
  const registers = [registry];
  const share = new Gauge({
    name: 'model_profile_share',
    help: 'Share of the training texts, by signal and by the upper bound of the bucket; not cumulative.',
    labelNames: ['signal', 'bucket'],
    registers,
  });
  for (const signal of SIGNALS) {
    const distribution = profile[signal];
    if (!distribution) continue;
    const total = distribution.counts.reduce((sum, count) => sum + count, 0);
    bucketNames(distribution.bounds).forEach((bucket, i) => {
      share.set({ signal, bucket }, distribution.counts[i] / total);
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
