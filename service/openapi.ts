/**
 * The API description at /openapi.json: OpenAPI 3.1, whose schemas are JSON Schema 2020-12. A test checks real answers
 * against it.
 */

import { MAX_NOTE_LENGTH } from './feedback/feedback.ts';
import type { Path } from './labels.ts';
import { type Limits, namesOf, sentimentOf } from './predict.ts';

type Operation = Record<string, unknown>;

/** For a model with these classes. Without the path /feedback unless `collectsFeedback`. */
export function openapiDocument(
  limits: Limits & { maxBodyBytes: number },
  collectsFeedback: boolean,
  classes: readonly string[],
) {
  const { maxBodyBytes, maxTextLength, maxBatchSize, maxExplainLength } = limits;
  const paths: Record<Path, { get: Operation } | { post: Operation }> = {
    '/': { get: { summary: 'The web page with the form', responses: { 200: page('The page') } } },
    '/predict': {
      post: {
        summary: 'Predict the sentiment of one or several texts',
        parameters: [
          {
            name: 'explain',
            in: 'query',
            description: 'The same as "explain" in the body.',
            schema: { enum: ['0', '1', 'false', 'true'] },
          },
        ],
        requestBody: {
          required: true,
          description:
            'A body that begins with { is read as JSON also if the content type is the form, text/plain or missing.',
          content: {
            'application/json': { schema: { anyOf: [reference('SingleRequest'), reference('BatchRequest')] } },
            'application/x-www-form-urlencoded': {
              schema: { type: 'object', properties: { text: { type: 'string' } } },
            },
          },
        },
        responses: {
          200: {
            description:
              'The prediction, or one per text in the same order. For the form: the page, or JSON if Accept asks for it.',
            content: {
              'application/json': { schema: { anyOf: [reference('SingleAnswer'), reference('BatchAnswer')] } },
              'text/html': {},
            },
          },
          400: error('The body is not valid UTF-8 or not valid JSON; the message says where'),
          413: error(`The body is larger than ${maxBodyBytes} bytes`),
          415: error('The body has an unsupported content type, or is compressed'),
          422: error(
            `A text is missing, empty or longer than ${maxTextLength} UTF-16 units, or there are more than ${maxBatchSize}, or those to explain have more than ${maxExplainLength} together`,
          ),
          503: error('The model is still being loaded, or the service is overloaded; Retry-After says when to try'),
        },
      },
    },
    '/feedback': {
      post: {
        summary: 'Say which label a text should have',
        description: 'Stored with the text, to train and test later models. 404 if this service collects no feedback.',
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: reference('FeedbackRequest') },
            'application/x-www-form-urlencoded': { schema: reference('FeedbackRequest') },
          },
        },
        responses: {
          200: {
            description: 'Stored: this line survives the process. For the form: a page.',
            content: { 'application/json': { schema: reference('FeedbackAnswer') }, 'text/html': {} },
          },
          400: error('The body is not valid UTF-8 or not valid JSON; the message says where'),
          413: error(`The body is larger than ${maxBodyBytes} bytes`),
          415: error('The body has an unsupported content type, or is compressed'),
          422: error('A field is missing or invalid, or the label is not a class of the model'),
          503: error('The model is still being loaded, or the line cannot be stored now; Retry-After says when to try'),
        },
      },
    },
    '/metrics': {
      get: {
        summary: 'Metrics for Prometheus',
        responses: {
          200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    '/healthz': {
      get: { summary: 'Liveness: whether the process answers', responses: { 200: json('Alive', 'Alive') } },
    },
    '/readyz': {
      get: {
        summary: 'Readiness: whether requests should be sent here',
        responses: { 200: json('Ready', 'Readiness'), 503: json('Loading the model, or shutting down', 'Readiness') },
      },
    },
    '/version': {
      get: { summary: 'Which code and which model answer', responses: { 200: json('The versions', 'Version') } },
    },
    '/openapi.json': {
      get: {
        summary: 'This API description',
        responses: {
          200: { description: 'The description', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  };
  const { '/feedback': _off, ...withoutFeedback } = paths;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sentiment of a text',
      description: `Predicts whether an English text is ${namesOf(classes)}, with what confidence, and because of which words.`,
      version: '1',
    },
    paths: collectsFeedback ? paths : withoutFeedback,
    components: { schemas: schemas(limits, classes) },
  };
}

function json(description: string, schema: string) {
  return { description, content: { 'application/json': { schema: reference(schema) } } };
}

function error(description: string) {
  return { description, content: { 'application/json': { schema: reference('Error') }, 'text/html': {} } };
}

function page(description: string) {
  return { description, content: { 'text/html': {} } };
}

const text = { type: 'string' };
const number = { type: 'number' };
const share = { type: 'number', minimum: 0, maximum: 1 };
const digest = { type: 'string', pattern: '^([0-9a-f]{64})?$', description: 'SHA-256, hex.' };
const textOrNull = { type: ['string', 'null'] };

/** An object with exactly these properties. */
function object(properties: Record<string, unknown>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

function list(items: unknown) {
  return { type: 'array', items };
}

function reference(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

const OPTIONAL = ['abstains', 'possible', 'towards', 'score', 'bias', 'knownShare', 'words'];

/** A value of an answer that is null where the model abstains. */
function orNull(values: readonly string[], more: object = {}) {
  return { enum: [...values, null], ...more };
}

function predictionOf(classes: readonly string[]) {
  const isTwo = classes.length === 2;
  const numbers = classes.map((_, k) => String(k));
  const which = classes.map((label, k) => `${k} ${label}`).join(', ');
  const last = classes[1];
  return {
    label: orNull(classes, { description: 'Null where the model abstains.' }),
    sentiment: orNull(classes.map(sentimentOf)),
    prediction: orNull(numbers, { description: `${which}.` }),
    abstains: {
      enum: ['unknown', 'unsure'],
      description:
        'Only where there is no label. unknown: the model knows no word or too few. unsure: by its decision.',
    },
    probability: {
      ...share,
      description: isTwo
        ? `Calibrated probability that the text is ${last}.`
        : 'Calibrated probability of the most likely answer.',
    },
    confidence: { ...share, description: 'Calibrated probability of the predicted label.' },
    known_share: { ...share, description: 'Share of the words that the model knows; unreliable below 0.6.' },
    ...(!isTwo && {
      probabilities: object(Object.fromEntries(classes.map((label) => [label, share]))),
      towards: { enum: [...classes], description: 'The class that is explained.' },
    }),
    possible: { ...list({ enum: [...classes] }), description: 'What conformal prediction leaves possible.' },
    score: {
      ...number,
      description: `Log-odds of ${isTwo ? last : 'the class that is explained'}: the bias plus all contributions, up to rounding.`,
    },
    bias: { ...number, description: 'Log-odds of a text without known words.' },
    knownShare: { ...share, description: 'As known_share; for a model without single words, of those that count.' },
    words: list(reference('Word')),
  };
}

function schemas({ maxTextLength, maxBatchSize }: Limits, classes: readonly string[]) {
  const prediction = predictionOf(classes);
  const label = { enum: [...classes] };
  const requestId = { ...text, pattern: '^[A-Za-z0-9_.:-]{1,100}$', description: 'X-Request-Id of the judged answer.' };
  const inputText = { type: 'string', minLength: 1, maxLength: maxTextLength, pattern: '\\S' };
  const explain = { type: 'boolean', default: false, description: 'Adds score, bias, knownShare and words.' };
  return {
    SingleRequest: {
      type: 'object',
      properties: { text: inputText, explain },
      required: ['text'],
    },
    BatchRequest: {
      type: 'object',
      properties: { texts: { ...list(inputText), minItems: 1, maxItems: maxBatchSize }, explain },
      required: ['texts'],
    },
    FeedbackRequest: {
      type: 'object',
      properties: {
        text: inputText,
        label: { ...label, description: 'The label that the text should have.' },
        request_id: requestId,
        note: { ...text, maxLength: MAX_NOTE_LENGTH },
      },
      required: ['text', 'label'],
    },
    FeedbackAnswer: object({
      id: { ...text, description: 'Of the stored line.' },
      label,
      predicted: { ...label, description: 'What the model says now.' },
      agreed: { type: 'boolean' },
    }),
    Word: object({
      text: { ...text, description: 'The word as it is in the given text.' },
      start: { type: 'integer', minimum: 0, description: 'UTF-16 offset in the given text.' },
      end: { type: 'integer', minimum: 1, description: 'UTF-16 offset of the end, exclusive.' },
      contribution: {
        ...number,
        description:
          classes.length === 2
            ? `Log-odds that the word adds; below 0 it counts towards ${classes[0]}.`
            : 'Log-odds that the word adds to the class that is explained; below 0 it counts against it.',
      },
    }),
    ModelName: object({ name: text, version: text }),
    Prediction: object(prediction, OPTIONAL),
    SingleAnswer: object({ ...prediction, model: reference('ModelName') }, OPTIONAL),
    BatchAnswer: object({ predictions: list(reference('Prediction')), model: reference('ModelName') }),
    Error: object({
      error: object(
        {
          code: { type: 'string', pattern: '^[A-Z_]+$', description: 'Stable; for programs.' },
          message: { ...text, description: 'For people.' },
          next: { ...text, description: 'What to do next.' },
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
      runId: { ...textOrNull, description: 'MLflow run that trained it.' },
      source: { enum: ['file', 'registry', 'cache'], description: 'cache: the registry was unreachable at the start.' },
      warning: textOrNull,
      digest,
      features: { type: 'integer', minimum: 0 },
      data: object({
        source: text,
        digest,
        trainingTexts: { type: 'integer', minimum: 0 },
        domains: {
          type: 'object',
          description: 'Training texts by domain.',
          additionalProperties: { type: 'integer', minimum: 0 },
        },
      }),
      gitCommit: { ...textOrNull, description: 'Commit that trained it.' },
      metrics: { type: 'object', additionalProperties: number },
    }),
  };
}
