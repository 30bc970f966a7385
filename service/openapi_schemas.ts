/** The shapes of requests and answers, as JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
import type { Limits } from './predict.ts';
import { SENTIMENTS } from './predict.ts';

const text = { type: 'string' };
const number = { type: 'number' };
const share = { type: 'number', minimum: 0, maximum: 1 };
const digest = { type: 'string', pattern: '^([0-9a-f]{64})?$', description: 'SHA-256, hex.' };
const textOrNull = { type: ['string', 'null'] };

/** An object that has all of these properties and no others. */
function object(properties: Record<string, unknown>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

function list(items: unknown) {
  return { type: 'array', items };
}

export function reference(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

const EXPLANATION = ['score', 'bias', 'knownShare', 'words'];

const prediction = {
  label: { enum: Object.keys(SENTIMENTS) },
  sentiment: { enum: Object.values(SENTIMENTS) },
  prediction: { enum: ['0', '1'], description: '0 negative, 1 positive.' },
  probability: { ...share, description: 'Calibrated probability that the text is positive.' },
  confidence: { ...share, minimum: 0.5, description: 'Calibrated probability of the label given.' },
  score: { ...number, description: 'Log-odds of positive: bias plus all contributions, up to rounding.' },
  bias: { ...number, description: 'Log-odds of a text without known words.' },
  knownShare: { ...share, description: 'Share of the words that the model knows.' },
  words: list(reference('Word')),
};

export function schemas({ maxTextLength, maxBatchSize }: Limits) {
  const textToJudge = { type: 'string', minLength: 1, maxLength: maxTextLength, pattern: '\\S' };
  const explain = { type: 'boolean', default: false, description: 'Adds score, bias, knownShare and words.' };
  return {
    SingleRequest: {
      type: 'object',
      properties: { text: textToJudge, explain },
      required: ['text'],
    },
    BatchRequest: {
      type: 'object',
      properties: { texts: { ...list(textToJudge), minItems: 1, maxItems: maxBatchSize }, explain },
      required: ['texts'],
    },
    Word: object({
      text: { ...text, description: 'As it stands in the text given.' },
      start: { type: 'integer', minimum: 0, description: 'UTF-16 offset into the text given.' },
      end: { type: 'integer', minimum: 1, description: 'The same; exclusive.' },
      contribution: { ...number, description: 'Log-odds added towards positive, or taken away.' },
    }),
    ModelName: object({ name: text, version: text }),
    Prediction: object(prediction, EXPLANATION),
    SingleAnswer: object({ ...prediction, model: reference('ModelName') }, EXPLANATION),
    BatchAnswer: object({ predictions: list(reference('Prediction')), model: reference('ModelName') }),
    Error: object({
      error: object(
        {
          code: { type: 'string', pattern: '^[A-Z_]+$', description: 'Stable, for programs.' },
          message: { ...text, description: 'For a person.' },
          next: { ...text, description: 'What to do about it.' },
        },
        ['next'],
      ),
    }),
    Alive: object({ status: { const: 'alive' } }),
    Readiness: object({ status: { enum: ['loading', 'ready', 'draining'] } }),
    Version: object({
      service: object({ gitCommit: textOrNull, node: text }),
      model: { anyOf: [reference('ModelVersion'), { type: 'null' }] },
    }),
    ModelVersion: object({
      name: text,
      version: text,
      runId: { ...textOrNull, description: 'MLflow run that made it.' },
      source: { enum: ['file', 'registry', 'cache'], description: 'cache: the registry was away at the start.' },
      warning: textOrNull,
      digest,
      features: { type: 'integer', minimum: 0 },
      data: object({ source: text, digest, trainingTexts: { type: 'integer', minimum: 0 } }),
      gitCommit: { ...textOrNull, description: 'Commit that trained it.' },
      metrics: { type: 'object', additionalProperties: number },
    }),
  };
}
