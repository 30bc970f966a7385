/** Runs: what one execution of the pipeline used and reached. */
import { randomUUID } from 'node:crypto';
import { type Answer, list, number, optionalText, pairs, part, text } from './answer.ts';
import { cleanKey, cutValue, MAX_PARAM_LENGTH, MAX_TAG_LENGTH, splitBatches } from './batches.ts';
import type { TrackingConfig } from './config.ts';
import { createOnce } from './once.ts';
import { callApi } from './transport.ts';

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

/** Data a run used. `digest` is cut to the 36 characters that MLflow stores. */
export type DatasetInput = {
  name: string;
  digest: string;
  /** What kind of place `source` is: "local", "http", "s3". */
  sourceType: string;
  source: object;
  /** Counts and the like, shown in the page. */
  profile: object;
  schema: object;
  context: 'training' | 'evaluation';
};

const CREATION_TAG = 'pipeline.creation';

/** Starts a run. A creation that breaks off on the way is looked for by a tag of its own, so it makes no second run. */
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

export async function getRun(config: TrackingConfig, id: string): Promise<Run> {
  return readRun(part(await callApi(config, 'GET', 'runs/get', { run_id: id }), 'run'));
}

/**
 * Runs that are not deleted, carry all these tags and have this status, the newest first. Tag values must not contain
 * a quote.
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
  const found: Run[] = [];
  let page = '';
  do {
    const answer = await callApi(config, 'POST', 'runs/search', {
      experiment_ids: [experimentId],
      filter,
      run_view_type: 'ACTIVE_ONLY',
      order_by: ['attributes.start_time DESC'],
      max_results: 1000,
      ...(page && { page_token: page }),
    });
    found.push(...list(answer, 'runs').map(readRun));
    page = optionalText(answer, 'next_page_token');
  } while (page);
  return found;
}

export type Values = {
  params?: Record<string, string>;
  tags?: Record<string, string>;
  metrics?: Record<string, number>;
};

/**
 * Logs params, tags and metrics, in as many calls as MLflow's limits ask for. Keys are cleaned and values cut to the
 * limits, saying so in the value. All metrics get `timestamp`, so that logging them twice leaves one point.
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
    id: text(answer, 'info.run_id'),
    experimentId: text(answer, 'info.experiment_id'),
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
