/** What the dashboard shows, as a table: the page is drawn from it, and tests ask a live Prometheus every query of it. */

/** Units as Grafana names them. */
export type Unit = 'reqps' | 's' | 'percentunit' | 'short' | 'bytes' | 'none' | 'd';

export type Query = {
  expr: string;
  /** With {{label}} for a label's value. */
  legend: string;
};

export type PanelSpec = {
  /** Kept for ever: links and tests name it. */
  id: number;
  title: string;
  description: string;
  unit: Unit;
  /** One number, or a line for each series. */
  kind: 'stat' | 'lines';
  queries: Query[];
  /** Drawn as a line: what an alert of monitoring/rules/ compares with. */
  threshold?: number;
};

export type Row = { title: string; panels: PanelSpec[] };

export type AnnotationSpec = { name: string; color: string; title: string; expr: string };

const PSI = 0.25;

export const rows: Row[] = [
  {
    title: 'Is it up, is it used',
    panels: [
      {
        id: 1,
        title: 'Targets up',
        description: 'Processes whose metrics Prometheus could read at the last scrape.',
        unit: 'short',
        kind: 'stat',
        queries: [{ expr: 'sum by (job) (up{job="sentiment"})', legend: 'up' }],
      },
      {
        id: 2,
        title: 'Model serving',
        description: 'Versions of the model that answer; two of them during a rollout.',
        unit: 'short',
        kind: 'stat',
        queries: [{ expr: 'job_version:model_info:count', legend: 'version {{version}}' }],
      },
      {
        id: 3,
        title: 'Predictions by class',
        description: 'model_prediction_count: texts judged each second; 0 negative, 1 positive.',
        unit: 'reqps',
        kind: 'lines',
        queries: [{ expr: 'job_prediction:model_prediction_count:rate5m', legend: 'class {{prediction}}' }],
      },
      {
        id: 4,
        title: 'Requests to the home page',
        description: 'app_request_count at /, by method.',
        unit: 'reqps',
        kind: 'lines',
        queries: [{ expr: 'sum by (method) (rate(app_request_count{endpoint="/"}[5m])) > 0', legend: '{{method}}' }],
      },
      {
        id: 5,
        title: 'Requests to /predict',
        description: 'app_request_count at /predict, by method.',
        unit: 'reqps',
        kind: 'lines',
        queries: [
          { expr: 'sum by (method) (rate(app_request_count{endpoint="/predict"}[5m])) > 0', legend: '{{method}}' },
        ],
      },
    ],
  },
  {
    title: 'Is it fast, does it fail, is it full',
    panels: [
      {
        id: 6,
        title: 'Latency of /predict',
        description: 'Quantiles of the time from the head of a request to its answer, over five minutes.',
        unit: 's',
        kind: 'lines',
        threshold: 0.1,
        queries: [0.5, 0.95, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (le) (job_endpoint_le:app_request_latency_seconds_bucket:rate5m{endpoint="/predict"}))`,
          legend: `p${quantile * 100}`,
        })),
      },
      {
        id: 7,
        title: 'Slow predictions',
        description: 'Share of the requests to /predict that take longer than 0.1 s; 1 % may.',
        unit: 'percentunit',
        kind: 'lines',
        threshold: 0.01,
        queries: [
          { expr: 'job:app_slow:ratio_rate5m', legend: '5 min' },
          { expr: 'job:app_slow:ratio_rate1h', legend: '1 h' },
        ],
      },
      {
        id: 8,
        title: 'Errors of the server',
        description: 'Share of the answers at / and /predict that are a 5xx; 0.1 % may be.',
        unit: 'percentunit',
        kind: 'lines',
        threshold: 0.001,
        queries: [
          { expr: 'job:app_errors:ratio_rate5m', legend: '5 min' },
          { expr: 'job:app_errors:ratio_rate1h', legend: '1 h' },
        ],
      },
      {
        id: 9,
        title: 'Answers by status',
        description: 'All addresses but those of probes and scrapes.',
        unit: 'reqps',
        kind: 'lines',
        queries: [
          {
            expr: 'sum by (status) (rate(app_response_count{endpoint!~"/metrics|/healthz|/readyz"}[5m])) > 0',
            legend: '{{status}}',
          },
        ],
      },
      {
        id: 10,
        title: 'Processor',
        description: 'Cores that each process uses. Node answers on one: at 1 it is full.',
        unit: 'short',
        kind: 'lines',
        threshold: 1,
        queries: [
          { expr: 'rate(process_cpu_seconds_total{job="sentiment"}[5m])', legend: '{{instance}} {{pod}}{{replica}}' },
        ],
      },
      {
        id: 11,
        title: 'Event loop lag',
        description: 'How late timers are, 99th percentile: the first sign of a full process.',
        unit: 's',
        kind: 'lines',
        queries: [
          { expr: 'nodejs_eventloop_lag_p99_seconds{job="sentiment"}', legend: '{{instance}} {{pod}}{{replica}}' },
        ],
      },
      {
        id: 12,
        title: 'Memory',
        description: 'Resident memory of each process.',
        unit: 'bytes',
        kind: 'lines',
        queries: [
          { expr: 'process_resident_memory_bytes{job="sentiment"}', legend: '{{instance}} {{pod}}{{replica}}' },
        ],
      },
      {
        id: 13,
        title: 'Requests under way',
        description: 'At the moment of the scrape, by process.',
        unit: 'short',
        kind: 'lines',
        queries: [{ expr: 'app_requests_in_flight', legend: '{{instance}} {{pod}}{{replica}}' }],
      },
    ],
  },
  {
    title: 'Is the world drifting away from the training texts',
    panels: [
      {
        id: 14,
        title: 'Drift (population stability index)',
        description:
          'Last hour against the profile in the model; up to 0.1 nothing has moved, above 0.25 something has.',
        unit: 'short',
        kind: 'lines',
        threshold: PSI,
        queries: [{ expr: 'job_signal:model_signal:psi1h', legend: '{{signal}}' }],
      },
      {
        id: 15,
        title: 'Unknown words',
        description: 'Share of the words in the last hour that the model does not know.',
        unit: 'percentunit',
        kind: 'lines',
        queries: [{ expr: 'job:model_input_unknown_tokens:share1h', legend: 'unknown' }],
      },
      {
        id: 16,
        title: 'Length of texts',
        description: 'Share of the texts by number of tokens (up to the number named), last hour and training.',
        unit: 'percentunit',
        kind: 'lines',
        queries: [
          {
            expr: 'job_signal_bucket:model_signal_texts:share1h{signal="length"} > 0',
            legend: 'up to {{bucket}}, now',
          },
          {
            expr: 'job_signal_bucket:model_profile_share:avg{signal="length"} > 0',
            legend: 'up to {{bucket}}, training',
          },
        ],
      },
      {
        id: 17,
        title: 'Share of each class',
        description: 'Of the predictions of the last hour.',
        unit: 'percentunit',
        kind: 'lines',
        threshold: 0.95,
        queries: [{ expr: 'job_prediction:model_prediction_count:share1h', legend: 'class {{prediction}}' }],
      },
      {
        id: 18,
        title: 'Mean confidence',
        description: 'Of the last hour, beside that of training texts which the model had not seen.',
        unit: 'percentunit',
        kind: 'lines',
        queries: [
          { expr: 'job:model_prediction_confidence:avg1h', legend: 'now' },
          { expr: 'job:model_profile_confidence:avg', legend: 'training' },
        ],
      },
      {
        id: 19,
        title: 'Age of the model',
        description: 'Days since the run that made it began.',
        unit: 'd',
        kind: 'stat',
        threshold: 90,
        queries: [{ expr: 'job:model_age:seconds / 86400', legend: 'days' }],
      },
    ],
  },
];

export const annotations: AnnotationSpec[] = [
  {
    name: 'Model version',
    color: 'purple',
    title: 'model version {{version}}',
    expr: 'min by (version) (process_start_time_seconds * on (job, instance, replica) group_left (version) model_info) * 1000',
  },
  {
    name: 'Rollout',
    color: 'blue',
    title: 'a process of commit {{git_commit}} starts',
    expr: 'max by (instance, pod, replica, git_commit) (process_start_time_seconds * on (job, instance, replica) group_left (git_commit) app_info) * 1000',
  },
];
