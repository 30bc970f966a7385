/**
 * MLflow's limits on what one log-batch call may carry, and cutting to them. Over a limit MLflow refuses the whole
 * batch. https://mlflow.org/docs/latest/api_reference/rest-api.html#log-batch and mlflow/utils/validation.py
 */
export const MAX_METRICS = 1000;
export const MAX_PARAMS = 100;
export const MAX_TAGS = 100;
export const MAX_KEY_LENGTH = 250;
export const MAX_PARAM_LENGTH = 6000;
export const MAX_TAG_LENGTH = 8000;

export type Entry = { key: string; value: string };
export type Metric = { key: string; value: number; timestamp: number; step: number };
export type Batch = { params: Entry[]; tags: Entry[]; metrics: Metric[] };

/** As many batches as the limits ask for; none when there is nothing to log. */
export function splitBatches(params: Entry[], tags: Entry[], metrics: Metric[]): Batch[] {
  // Params and tags fill at most 200 of the 1000 entries that a batch may have in all.
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

/** A value within the limit; what is cut off is said in the value itself. */
export function cutValue(value: string, limit: number): string {
  if (value.length <= limit) return value;
  const note = `... (cut, ${value.length} characters)`;
  return value.slice(0, limit - note.length) + note;
}

/** A key MLflow accepts: letters, digits and `_-. :/`, at most 250 characters. */
export function cleanKey(key: string): string {
  return key.replace(/[^\p{L}\p{N}_\-. :/]/gu, '_').slice(0, MAX_KEY_LENGTH);
}
