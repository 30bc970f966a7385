/**
 * What Prometheus scrapes. The three names app_request_count_total, app_request_latency_seconds and model_prediction_count_total
 * are a contract with the dashboards; all others are this service's own choice. Each app has its own registry.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Prediction } from '../ml/model/types.ts';
import { DENIALS, type Denial } from './access.ts';
import { REFUSALS, type Refusal } from './admission.ts';
import { ClassMetrics } from './class_metrics.ts';
import { USUAL_CLASSES } from './classes.ts';
import { Drift } from './drift.ts';
import type { Feedback, Rejection } from './feedback/feedback.ts';
import { FeedbackMetrics } from './feedback/metrics.ts';
import { ENDPOINTS, type Endpoint, METHODS, type Method } from './labels.ts';
import { lastExamined, type ServedModel } from './served_model.ts';
import { CountTally, ValueTally } from './tally.ts';

const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

export type MetricsOptions = { ofProcess: boolean; replica?: string; gitCommit?: string; modelNote?: string };

export class Metrics {
  readonly #registry = new Registry();
  readonly #tallies: (CountTally | ValueTally)[] = [];
  readonly #requests: Map<Endpoint, RequestTallies>;
  readonly #byClass: ClassMetrics;
  #classes = USUAL_CLASSES;
  readonly #info: Gauge<'version' | 'run_id' | 'data_hash'>;
  readonly #refusals: Counter<'reason'>;
  readonly #denials: Counter<'reason'>;
  #keys: Counter<'key'> | undefined;
  readonly #dropped: CountTally;
  #drift: Drift | undefined;
  #feedback: FeedbackMetrics | undefined;
  readonly #modelNote: string;
  #inFlight = 0;

  /**
   * `ofProcess` adds prom-client's metrics of the Node process. `replica` names this process if several answer at one
   * address; every series then carries it as a label.
   */
  constructor({ ofProcess, replica = '', gitCommit = '', modelNote = '' }: MetricsOptions) {
    this.#modelNote = modelNote;
    const registers = [this.#registry];
    if (replica !== '') this.#registry.setDefaultLabels({ replica });
    const count = new Counter({
      name: 'app_request_count_total',
      help: 'Requests answered, by method and endpoint.',
      labelNames: ['method', 'endpoint'],
      registers,
    });
    const latency = new Histogram({
      name: 'app_request_latency_seconds',
      help: 'Time from the head of a request to its answer, in seconds, by endpoint.',
      labelNames: ['endpoint'],
      buckets: LATENCY_BUCKETS,
      registers,
    });
    const answers = new Counter({
      name: 'app_response_count_total',
      help: 'Answers, by endpoint and status class.',
      labelNames: ['endpoint', 'status'],
      registers,
    });
    this.#byClass = new ClassMetrics(this.#registry, (tally) => this.#tally(tally));
    this.#info = new Gauge({
      name: 'model_info',
      help: 'Always 1; the labels say which model is served.',
      labelNames: ['version', 'run_id', 'data_hash'],
      registers,
    });
    new Gauge({
      name: 'app_info',
      help: 'Always 1; the label says which commit the service was built from.',
      labelNames: ['git_commit'],
      registers,
    }).set({ git_commit: gitCommit }, 1);
    const inFlight: Gauge = new Gauge({
      name: 'app_requests_in_flight',
      help: 'Requests in progress, not counting this scrape.',
      registers,
      collect: () => inFlight.set(Math.max(0, this.#inFlight - 1)),
    });
    this.#refusals = new Counter({
      name: 'app_refused_total',
      help: 'Requests given up because others need the memory (bytes) or the processor (time).',
      labelNames: ['reason'],
      registers,
    });
    for (const reason of REFUSALS) this.#refusals.inc({ reason }, 0);
    this.#denials = new Counter({
      name: 'app_denied_total',
      help: 'Requests without a known API key (key), and requests above the rate limit (rate).',
      labelNames: ['reason'],
      registers,
    });
    for (const reason of DENIALS) this.#denials.inc({ reason }, 0);
    const dropped = new Counter({
      name: 'app_log_lines_dropped_total',
      help: 'Lines of the log that were dropped because nobody reads them.',
      registers,
    });
    this.#dropped = this.#tally(new CountTally(dropped));
    if (ofProcess) collectNodeMetrics(this.#registry);

    const endpoints: Endpoint[] = [...ENDPOINTS, '/v2', 'other'];
    const methods: Method[] = [...METHODS, 'other'];
    this.#requests = new Map(
      endpoints.map((endpoint) => [
        endpoint,
        {
          count: new Map(
            methods.map((method) => [method, this.#tally(new CountTally(count.labels(method, endpoint)))]),
          ),
          latency: this.#tally(new ValueTally(latency.labels(endpoint))),
          answers: STATUS_CLASSES.map((status) => this.#tally(new CountTally(answers.labels(endpoint, status)))),
        },
      ]),
    );
    // All series exist from the start: rate() sees the first event of each, and no client can create more of them.
    for (const endpoint of endpoints) {
      for (const method of methods) count.labels(method, endpoint).inc(0);
      for (const status of STATUS_CLASSES) answers.labels(endpoint, status).inc(0);
      latency.zero({ endpoint });
    }
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    for (const tally of this.#tallies) tally.flush();
    this.#drift?.flush();
    return this.#registry.metrics();
  }

  /** Call this when a request arrives, and `request` when it was answered. */
  begin(): void {
    this.#inFlight++;
  }

  request(method: Method, endpoint: Endpoint, status: number, seconds: number): void {
    this.#inFlight--;
    const tallies = this.#requests.get(endpoint);
    if (!tallies) return;
    tallies.count.get(method)?.add();
    tallies.latency.add(seconds);
    tallies.answers[Math.floor(status / 100) - 1]?.add();
  }

  prediction(prediction: Prediction): void {
    this.#byClass.add(prediction);
    this.#drift?.add(prediction);
  }

  refused(reason: Refusal): void {
    this.#refusals.inc({ reason });
  }

  denied(reason: Denial): void {
    this.#denials.inc({ reason });
  }

  /** Call this once, if requests need a key. */
  knowKeys(names: readonly string[]): void {
    this.#keys = new Counter({
      name: 'app_key_request_count_total',
      help: 'Requests with a known API key, by the name of the key.',
      labelNames: ['key'],
      registers: [this.#registry],
    });
    for (const key of names) this.#keys.inc({ key }, 0);
  }

  asked(key: string): void {
    this.#keys?.inc({ key });
  }

  droppedLines(count: number): void {
    this.#dropped.add(count);
  }

  /** Call this once, if feedback is on. */
  collecting(feedback: Feedback): void {
    this.#feedback = new FeedbackMetrics(this.#registry, feedback, this.#classes);
  }

  judged(predicted: string, agreed: boolean): void {
    this.#feedback?.judged(predicted, agreed);
  }

  rejectedFeedback(reason: Rejection): void {
    this.#feedback?.rejected(reason);
  }

  /** Call this once, with the model that is served. */
  serving(served: ServedModel): void {
    const { version, runId, model } = served;
    const { dataDigest, trainedAt } = model.facts;
    this.#info.set({ version, run_id: runId, data_hash: dataDigest }, 1);
    this.#drift = new Drift(this.#registry, model);
    this.#classes = model.classes;
    this.#byClass.know(model.classes);
    this.#byClass.name(model.classes);
    this.#feedback?.know(model.classes);
    this.#examined(served);
    const trained = Date.parse(trainedAt ?? '');
    if (Number.isNaN(trained)) return;
    new Gauge({
      name: 'model_trained_timestamp_seconds',
      help: 'Start time of the run that trained the model; only present for a model from the registry.',
      registers: [this.#registry],
    }).set(trained / 1000);
  }

  #examined(served: ServedModel): void {
    const examined: Gauge = new Gauge({
      name: 'model_examined_timestamp',
      help: 'When a pipeline last made this model or judged it, in Unix seconds; only present if the release or the registry told.',
      registers: [this.#registry],
      collect: async () => {
        const seconds = await lastExamined(served, this.#modelNote);
        if (seconds === undefined) examined.remove();
        else examined.set(seconds);
      },
    });
  }

  #tally<T extends CountTally | ValueTally>(tally: T): T {
    this.#tallies.push(tally);
    return tally;
  }
}

type RequestTallies = { count: Map<Method, CountTally>; latency: ValueTally; answers: CountTally[] };

// Those by kind have one series per kind of open handle, so that clients could create more. Their sums are gauges that are
// named like counters.
const REMOVED = ['handles', 'requests', 'resources'].flatMap((kind) => [
  `nodejs_active_${kind}`,
  `nodejs_active_${kind}_total`,
]);
const COLLECTIONS = ['major', 'minor', 'incremental', 'weakcb'];

/** prom-client's metrics of the Node process, without those whose number of series changes or whose names mislead. */
function collectNodeMetrics(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const name of REMOVED) register.removeSingleMetric(name);
  const resources: Gauge = new Gauge({
    name: 'nodejs_open_resources',
    help: 'Timers, sockets and requests that keep the process running.',
    registers: [register],
    collect: () => resources.set(process.getActiveResourcesInfo().length),
  });
  const collections = register.getSingleMetric('nodejs_gc_duration_seconds');
  if (collections instanceof Histogram) for (const kind of COLLECTIONS) collections.zero({ kind });
}
