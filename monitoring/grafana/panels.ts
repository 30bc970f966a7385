/** What the dashboard shows, as a table. dashboard.ts builds it from this; tests send every query to a live Prometheus. */

/** Units as Grafana names them. */
export type Unit = 'reqps' | 's' | 'percentunit' | 'short' | 'bytes' | 'none' | 'd';

export type Query = {
  expr: string;
  /** {{label}} stands for the value of a label. */
  legend: string;
};

export type PanelSpec = {
  /** Never changes: links, runbook pages and tests use it. */
  id: number;
  title: string;
  description: string;
  unit: Unit;
  /** A single number, the name of each series, one line per series, or bars by bucket with a colour per query. */
  kind: 'stat' | 'name' | 'lines' | 'bars';
  queries: Query[];
  /** The threshold of an alert in monitoring/rules/, drawn as a line. */
  threshold?: number;
};

export type Row = { title: string; panels: PanelSpec[] };

export type AnnotationSpec = { name: string; color: string; title: string; expr: string };

const PSI = 0.25;

export const rows: Row[] = [
  {
    title: 'Availability and traffic',
    panels: [
      {
        id: 1,
        title: 'Targets up',
        description: 'Number of processes that answered the last scrape of Prometheus.',
        unit: 'short',
        kind: 'stat',
        queries: [{ expr: 'sum by (job) (up{job="sentiment"})', legend: 'up' }],
      },
      {
        id: 2,
        title: 'Model serving',
        description: 'Versions of the model in use; there are two during a rollout.',
        unit: 'short',
        kind: 'name',
        queries: [{ expr: 'job_version:model_info:count', legend: 'version {{version}}' }],
      },
      {
        id: 3,
        title: 'Predictions by class',
        description: 'model_prediction_count_total: predictions per second, by class.',
        unit: 'reqps',
        kind: 'lines',
        queries: [{ expr: 'job_class:model_prediction_count:rate5m', legend: '{{class}}' }],
      },
      {
        id: 4,
        title: 'Requests to the home page',
        description: 'app_request_count_total at /, by method.',
        unit: 'reqps',
        kind: 'lines',
        queries: [
          { expr: 'sum by (method) (rate(app_request_count_total{endpoint="/"}[5m])) > 0', legend: '{{method}}' },
        ],
      },
      {
        id: 5,
        title: 'Requests to /predict',
        description: 'app_request_count_total at /predict, by method.',
        unit: 'reqps',
        kind: 'lines',
        queries: [
          {
            expr: 'sum by (method) (rate(app_request_count_total{endpoint="/predict"}[5m])) > 0',
            legend: '{{method}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Latency, errors and load',
    panels: [
      {
        id: 6,
        title: 'Latency of /predict',
        description: 'Quantiles, over five minutes, of the time from the head of a request to its answer.',
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
        description: 'Share of the requests to /predict that take longer than 0.1 s; the budget is 1 %.',
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
        title: 'Server errors',
        description: 'Share of the answers at / and /predict that are a 5xx; the budget is 0.1 %.',
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
        description: 'Answers at all paths except those of probes and scrapes.',
        unit: 'reqps',
        kind: 'lines',
        queries: [
          {
            expr: 'sum by (status) (rate(app_response_count_total{endpoint!~"/metrics|/healthz|/readyz"}[5m])) > 0',
            legend: '{{status}}',
          },
        ],
      },
      {
        id: 10,
        title: 'CPU',
        description: 'Cores that each process uses. Node answers requests on one core: at 1 it is overloaded.',
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
        description: 'Delay of timers, 99th percentile: the first sign of an overloaded process.',
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
        title: 'Requests in progress',
        description: 'Requests in progress at the scrape, by process.',
        unit: 'short',
        kind: 'lines',
        queries: [{ expr: 'app_requests_in_flight', legend: '{{instance}} {{pod}}{{replica}}' }],
      },
    ],
  },
  {
    title: 'Drift from the training texts',
    panels: [
      {
        id: 14,
        title: 'Drift (population stability index)',
        description:
          'Last hour compared with the profile of the training texts: up to 0.1 no change, above 0.25 a significant change.',
        unit: 'short',
        kind: 'lines',
        threshold: PSI,
        queries: [{ expr: 'job_signal:model_signal:psi1h', legend: '{{signal}}' }],
      },
      {
        id: 15,
        title: 'Unknown words',
        description: 'Share of the words of the last hour that are not in the vocabulary of the model.',
        unit: 'percentunit',
        kind: 'lines',
        queries: [{ expr: 'job:model_input_unknown_tokens:share1h', legend: 'unknown' }],
      },
      {
        id: 16,
        title: 'Length of texts',
        description: 'Share of the texts by number of tokens (up to the given number), last hour and training.',
        unit: 'percentunit',
        kind: 'bars',
        queries: [
          {
            expr: 'job_signal_bucket:model_signal_texts:share1h{signal="length"} > 0',
            legend: 'now',
          },
          {
            expr: 'job_signal_bucket:model_profile_share:avg{signal="length"} > 0',
            legend: 'training',
          },
        ],
      },
      {
        id: 17,
        title: 'Share of each class',
        description: 'Share of each class in the predictions of the last hour.',
        unit: 'percentunit',
        kind: 'lines',
        threshold: 0.95,
        queries: [{ expr: 'job_class:model_prediction_count:share1h', legend: '{{class}}' }],
      },
      {
        id: 18,
        title: 'Mean confidence',
        description: 'Mean confidence of the last hour, and the out-of-fold mean of the training texts.',
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
        description: 'Days since the start of the run that trained the model.',
        unit: 'd',
        kind: 'stat',
        threshold: 90,
        queries: [{ expr: 'job:model_age:seconds / 86400', legend: 'days' }],
      },
    ],
  },
  {
    title: 'Feedback (empty unless FEEDBACK_TO is set)',
    panels: [
      {
        id: 20,
        title: 'Agreement',
        description: 'Share of the answers judged in the last day that people agreed with, by the answer.',
        unit: 'percentunit',
        kind: 'lines',
        threshold: 0.6,
        queries: [{ expr: 'job_label:feedback_agreement:ratio1d', legend: '{{label}}' }],
      },
      {
        id: 21,
        title: 'Judgements',
        description: 'Answers judged in the last day, by the answer.',
        unit: 'short',
        kind: 'lines',
        queries: [{ expr: 'job_label:feedback_count:increase1d', legend: '{{label}}' }],
      },
      {
        id: 22,
        title: 'Refused feedback',
        description: 'Posts per second that got 503: folder full, disk busy or failed, bucket away.',
        unit: 'reqps',
        kind: 'lines',
        queries: [{ expr: 'sum by (reason) (rate(feedback_rejected_total[5m]))', legend: '{{reason}}' }],
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
