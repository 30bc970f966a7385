/** What Prometheus learns about feedback. The classes are those of the model, so that no client creates series. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { type Feedback, REJECTIONS, type Rejection } from './feedback.ts';

export class FeedbackMetrics {
  readonly #judged: Counter<'label' | 'agreed'>;
  readonly #rejected: Counter<'reason'>;
  readonly #counts = new Map<string, { all: number; agreed: number }>();

  constructor(registry: Registry, feedback: Feedback, labels: readonly string[]) {
    const registers = [registry];
    this.#judged = new Counter({
      name: 'feedback_count_total',
      help: 'Judged answers that were stored, by the label that the model gave and whether the person agreed.',
      labelNames: ['label', 'agreed'],
      registers,
    });
    this.#rejected = new Counter({
      name: 'feedback_rejected_total',
      help: 'Posts to /feedback that got 503: folder full, disk busy, disk failed, bucket away.',
      labelNames: ['reason'],
      registers,
    });
    const agreement: Gauge<'label'> = new Gauge({
      name: 'feedback_agreement',
      help: 'Share of judged answers that people agreed with since the process started, by the label that the model gave.',
      labelNames: ['label'],
      registers,
      collect: () => {
        for (const [label, { all, agreed }] of this.#counts) if (all > 0) agreement.set({ label }, agreed / all);
      },
    });
    const bytes: Gauge = new Gauge({
      name: 'feedback_folder_bytes',
      help: 'Size of the feedback in the folder of this process: all of it, or what the bucket does not have yet.',
      registers,
      collect: () => bytes.set(feedback.bytes),
    });
    const up: Gauge = new Gauge({
      name: 'feedback_sink_up',
      help: 'Whether the last upload of feedback worked: 1 or 0; always 1 for a folder.',
      registers,
      collect: () => up.set(feedback.isAway ? 0 : 1),
    });
    this.know(labels);
    for (const reason of REJECTIONS) this.#rejected.inc({ reason }, 0);
  }

  /** Adds the series of classes that were not known before. */
  know(labels: readonly string[]): void {
    for (const label of labels) {
      if (this.#counts.has(label)) continue;
      this.#counts.set(label, { all: 0, agreed: 0 });
      for (const agreed of ['true', 'false']) this.#judged.inc({ label, agreed }, 0);
    }
  }

  judged(label: string, agreed: boolean): void {
    this.#judged.inc({ label, agreed: String(agreed) });
    const count = this.#counts.get(label);
    if (!count) return;
    count.all++;
    if (agreed) count.agreed++;
  }

  rejected(reason: Rejection): void {
    this.#rejected.inc({ reason });
  }
}
