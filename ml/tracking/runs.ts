/** Experiments and their runs: what one execution of the pipeline used and reached. */
import { randomUUID } from 'node:crypto';
import type { TrackingConfig } from './config.ts';
import { isDuplicate, MlflowError, missingAsUndefined } from './errors.ts';
import {
  type Answer,
  callApi,
  callPages,
  createOnce,
  fitting,
  isId,
  list,
  number,
  optionalText,
  pairs,
  part,
  text,
} from './transport.ts';

/** Makes MLflow's page show runs, params and metrics instead of conversations. */
const EXPERIMENT_KIND = { key: 'mlflow.experimentKind', value: 'custom_model_development' };

/** The id of the experiment with this name, or undefined. */
export async function findExperiment(config: TrackingConfig, name: string): Promise<string | undefined> {
  return missingAsUndefined(async () => {
    const answer = await callApi(config, 'GET', 'experiments/get-by-name', { experiment_name: name });
    if (text(answer, 'experiment.lifecycle_stage') === 'deleted') {
      throw new MlflowError('MLFLOW_REFUSED', `the experiment "${name}" is in MLflow's trash`, {
        endpoint: answer.endpoint,
        next: 'restore it (`mlflow experiments restore`) or set another in params.yaml, register_model.experiment',
      });
    }
    return text(answer, 'experiment.experiment_id');
  });
}

/** The id of the experiment with this name, which is created if necessary. Safe for several at once. */
export async function ensureExperiment(config: TrackingConfig, name: string): Promise<string> {
  const found = await findExperiment(config, name);
  if (found !== undefined) return found;
  try {
    return text(
      await callApi(config, 'POST', 'experiments/create', { name, tags: [EXPERIMENT_KIND] }),
      'experiment_id',
    );
  } catch (error) {
    const other = isDuplicate(error) ? await findExperiment(config, name) : undefined;
    if (other === undefined) throw error;
    return other;
  }
}

export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

export type Run = {
  id: string;
  experimentId: string;
  name: string;
  status: string;
  /** Milliseconds since 1970. */
  startTime: number;
  /** Where its artifacts are: "mlflow-artifacts:/1/<run>/artifacts". */
  artifactUri: string;
  params: Record<string, string>;
  metrics: Record<string, number>;
  tags: Record<string, string>;
};

/** Data that a run used. `digest` is cut to the 36 characters that MLflow stores. */
export type DatasetInput = {
  name: string;
  digest: string;
  /** What kind of place `source` is: "local", "http", "s3". */
  sourceType: string;
  source: object;
  /** Counts and similar facts, shown on MLflow's page. */
  profile: object;
  schema: object;
  context: 'training' | 'evaluation';
};

const CREATION_TAG = 'pipeline.creation';

/**
 * Starts a run. Each creation has its own tag, by which a creation that breaks off is found, so it makes no second run.
 */
export async function createRun(
  config: TrackingConfig,
  experimentId: string,
  name: string,
  tags: Record<string, string>,
): Promise<Run> {
  const creation = randomUUID();
  const body = {
    experiment_id: experimentId,
    run_name: name,
    start_time: Date.now(),
    tags: tagEntries({ ...tags, [CREATION_TAG]: creation }),
  };
  return createOnce(
    config,
    async () => readRun(part(await callApi(config, 'POST', 'runs/create', body, { once: true }), 'run')),
    async () => (await searchRuns(config, experimentId, { [CREATION_TAG]: creation }))[0],
  );
}

/**
 * Runs that are not deleted and have all these tags and this status, the newest first. Tag values must not contain a
 * quote.
 */
export async function searchRuns(
  config: TrackingConfig,
  experimentId: string,
  tags: Record<string, string>,
  status?: RunStatus,
): Promise<Run[]> {
  const conditions = Object.entries(tags).map(([key, value]) => `tags.\`${key}\` = '${value}'`);
  if (status) conditions.push(`attributes.status = '${status}'`);
  const filter = conditions.join(' and ');
  const input = {
    experiment_ids: [experimentId],
    filter,
    run_view_type: 'ACTIVE_ONLY',
    order_by: ['attributes.start_time DESC'],
    max_results: 1000,
  };
  return (await callPages(config, 'POST', 'runs/search', input, 'runs')).map(readRun);
}

export type Values = {
  params?: Record<string, string>;
  tags?: Record<string, string>;
  metrics?: Record<string, number>;
};

/**
 * Logs params, tags and metrics in as many calls as MLflow's limits require. Keys are cleaned; values over a limit
 * are cut and say so. All metrics get `timestamp`, so logging them twice leaves one point.
 */
export async function logValues(
  config: TrackingConfig,
  runId: string,
  values: Values,
  timestamp: number,
): Promise<void> {
  const params = Object.entries(values.params ?? {}).map(([key, value]) => ({
    key: cleanKey(key),
    value: cutValue(value, MAX_PARAM_LENGTH),
  }));
  const metrics = Object.entries(values.metrics ?? {}).map(([key, value]) => ({
    key: cleanKey(key),
    value,
    timestamp,
    step: 0,
  }));
  for (const batch of splitBatches(params, tagEntries(values.tags ?? {}), metrics)) {
    await callApi(config, 'POST', 'runs/log-batch', { run_id: runId, ...batch });
  }
}

export async function logInputs(config: TrackingConfig, runId: string, inputs: DatasetInput[]): Promise<void> {
  await callApi(config, 'POST', 'runs/log-inputs', {
    run_id: runId,
    datasets: inputs.map((input) => ({
      tags: [{ key: 'mlflow.data.context', value: input.context }],
      dataset: {
        name: input.name,
        digest: input.digest.slice(0, 36),
        source_type: input.sourceType,
        source: JSON.stringify(input.source),
        schema: JSON.stringify(input.schema),
        profile: JSON.stringify(input.profile),
      },
    })),
  });
}

export async function endRun(config: TrackingConfig, runId: string, status: RunStatus): Promise<void> {
  await callApi(config, 'POST', 'runs/update', { run_id: runId, status, end_time: Date.now() });
}

function tagEntries(tags: Record<string, string>) {
  return Object.entries(tags).map(([key, value]) => ({ key: cleanKey(key), value: cutValue(value, MAX_TAG_LENGTH) }));
}

function readRun(answer: Answer): Run {
  return {
    id: fitting(answer, 'info.run_id', isId),
    experimentId: fitting(answer, 'info.experiment_id', isId),
    name: optionalText(answer, 'info.run_name'),
    status: text(answer, 'info.status'),
    startTime: number(answer, 'info.start_time'),
    artifactUri: text(answer, 'info.artifact_uri'),
    params: pairs(answer, 'data.params'),
    metrics: Object.fromEntries(
      list(answer, 'data.metrics').map((metric) => [text(metric, 'key'), number(metric, 'value')]),
    ),
    tags: pairs(answer, 'data.tags'),
  };
}

/**
 * MLflow's limits for one log-batch call; over a limit it refuses the whole batch.
 * https://mlflow.org/docs/latest/api_reference/rest-api.html#log-batch and mlflow/utils/validation.py
 */
const MAX_METRICS = 1000;
const MAX_PARAMS = 100;
const MAX_TAGS = 100;
const MAX_KEY_LENGTH = 250;
const MAX_PARAM_LENGTH = 6000;
const MAX_TAG_LENGTH = 8000;

type Entry = { key: string; value: string };
type Metric = { key: string; value: number; timestamp: number; step: number };
type Batch = { params: Entry[]; tags: Entry[]; metrics: Metric[] };

/** As many batches as the limits require; none if there is nothing to log. */
export function splitBatches(params: Entry[], tags: Entry[], metrics: Metric[]): Batch[] {
  // A batch may have 1000 entries in all, of which params and tags fill at most 200.
  const perBatch = MAX_METRICS - MAX_PARAMS - MAX_TAGS;
  const count = Math.max(
    Math.ceil(params.length / MAX_PARAMS),
    Math.ceil(tags.length / MAX_TAGS),
    Math.ceil(metrics.length / perBatch),
  );
  return Array.from({ length: count }, (_, i) => ({
    params: params.slice(i * MAX_PARAMS, (i + 1) * MAX_PARAMS),
    tags: tags.slice(i * MAX_TAGS, (i + 1) * MAX_TAGS),
    metrics: metrics.slice(i * perBatch, (i + 1) * perBatch),
  }));
}

/** The value, or its beginning with a note of its full length if it is longer than the limit. */
export function cutValue(value: string, limit: number): string {
  if (value.length <= limit) return value;
  const note = `... (cut, ${value.length} characters)`;
  return value.slice(0, limit - note.length) + note;
}

/** Turns a key into one that MLflow accepts: letters, digits and `_-. :/`, at most 250 characters. */
export function cleanKey(key: string): string {
  return key.replace(/[^\p{L}\p{N}_\-. :/]/gu, '_').slice(0, MAX_KEY_LENGTH);
}
