/** What the model answers: how often each class, with what confidence, and how often nothing. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Prediction } from '../ml/model/types.ts';
import { USUAL_CLASSES } from './classes.ts';
import { CountTally, ValueTally } from './tally.ts';

const CONFIDENCE_BUCKETS = [0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1];

type Reason = NonNullable<Prediction['abstains']>;

export class ClassMetrics {
  readonly #tally: <T extends CountTally | ValueTally>(tally: T) => T;
  readonly #of: { predictions: Counter<'prediction'>; confidences: Histogram<'prediction'> };
  readonly #names: Gauge<'prediction' | 'class'>;
  readonly #predictions: CountTally[] = [];
  readonly #confidences: ValueTally[] = [];
  readonly #abstentions: Record<Reason, CountTally>;

  /** `tally` keeps a tally until the next scrape. */
  constructor(registry: Registry, tally: <T extends CountTally | ValueTally>(tally: T) => T) {
    const registers = [registry];
    this.#tally = tally;
    this.#of = {
      predictions: new Counter({
        name: 'model_prediction_count_total',
        help: 'Texts classified, by class: 0 negative, 1 positive; of a model with other classes, their numbers.',
        labelNames: ['prediction'],
        registers,
      }),
      confidences: new Histogram({
        name: 'model_prediction_confidence',
        help: 'Calibrated probability of the predicted class, by class: 0 negative, 1 positive; or the numbers of others.',
        labelNames: ['prediction'],
        buckets: CONFIDENCE_BUCKETS,
        registers,
      }),
    };
    this.#names = new Gauge({
      name: 'model_class_info',
      help: 'Always 1; the labels say which class has which number.',
      labelNames: ['prediction', 'class'],
      registers,
    });
    const abstentions = new Counter({
      name: 'model_abstention_count_total',
      help: 'Texts without an answer: the model knows too few of the words (unknown), or its decision abstains (unsure).',
      labelNames: ['reason'],
      registers,
    });
    const countOf = (reason: Reason) => {
      abstentions.inc({ reason }, 0);
      return tally(new CountTally(abstentions.labels(reason)));
    };
    this.#abstentions = { unknown: countOf('unknown'), unsure: countOf('unsure') };
    this.know(USUAL_CLASSES);
  }

  /** Adds the series of classes that were not known before. */
  know(classes: readonly string[]): void {
    const { predictions, confidences } = this.#of;
    for (let k = this.#predictions.length; k < classes.length; k++) {
      const prediction = String(k);
      this.#predictions.push(this.#tally(new CountTally(predictions.labels(prediction))));
      this.#confidences.push(this.#tally(new ValueTally(confidences.labels(prediction))));
      predictions.labels(prediction).inc(0);
      confidences.zero({ prediction });
    }
  }

  /** Says which class has which number. */
  name(classes: readonly string[]): void {
    classes.forEach((name, k) => {
      this.#names.set({ prediction: String(k), class: name }, 1);
    });
  }

  /** A text from which the model abstains counts for its best guess, too. */
  add({ class: k, confidence, abstains }: Prediction): void {
    this.#predictions[k].add();
    this.#confidences[k].add(confidence);
    if (abstains !== undefined) this.#abstentions[abstains].add();
  }
}
