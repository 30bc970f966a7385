/**
 * The API description at /openapi.json: OpenAPI 3.1, whose schemas are JSON Schema 2020-12, made from those in requests.ts and
 * answers.ts. A test checks real answers against it.
 */
import { z } from 'zod';
import { answerSchemas } from './answers.ts';
import { explainable, namesOf } from './classes.ts';
import type { Path } from './labels.ts';
import { feedbackSchema, type Limits, MAX_NOTE_LENGTH, requestSchemas } from './requests.ts';

type Operation = Record<string, unknown>;

export type Described = {
  limits: Limits & { maxBodyBytes: number };
  /** Of the model. */
  classes: readonly string[];
  /** Without the path /feedback unless set. */
  collectsFeedback: boolean;
  needsKey: boolean;
  /** Without the path /metrics unless set. */
  hasMetrics: boolean;
};

export function openapiDocument({ limits, classes, collectsFeedback, needsKey, hasMetrics }: Described) {
  const { maxBodyBytes, maxTextLength, maxBatchSize, maxExplainLength } = limits;
  const denials = {
    ...(needsKey && { 401: error('The API key is missing or unknown') }),
    429: error('Too many requests, if this service limits their rate; Retry-After says when to try'),
  };
  /** Of the form; in JSON, its schema is that which checks requests. */
  const visible = { type: 'string', pattern: '\\S' };
  const visibleText = { ...visible, maxLength: maxTextLength };
  const towards = { enum: explainable(classes) };
  const paths: Record<Path, { get: Operation } | { post: Operation }> = {
    '/': {
      get: {
        summary: 'The web page with the form',
        parameters: [
          { name: 'text', in: 'query', description: 'A text to show the answer to.', schema: visible },
          { name: 'towards', in: 'query', description: 'The class to explain.', schema: towards },
        ],
        responses: {
          200: page('The page'),
          422: page('The page, with what is wrong with the text'),
          431: error('The text is too long for an address; send it in a body'),
        },
      },
    },
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
              schema: {
                type: 'object',
                required: ['text'],
                properties: {
                  text: visibleText,
                  lines: { type: 'string', description: '1: a text per line.' },
                  towards,
                },
              },
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
          ...denials,
          413: error(`The body is larger than ${maxBodyBytes} bytes`),
          415: error('The body has an unsupported content type, or is compressed'),
          422: error(
            `A text is missing, empty or longer than ${maxTextLength} UTF-16 units, or there are more than ${maxBatchSize}, or those to explain have more than ${maxExplainLength} together, or the model has no such class to explain`,
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
            'application/x-www-form-urlencoded': {
              // A field that is left empty is none.
              schema: {
                type: 'object',
                required: ['text', 'label'],
                properties: {
                  text: visibleText,
                  label: { enum: classes },
                  request_id: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{0,100}$' },
                  note: { type: 'string', maxLength: MAX_NOTE_LENGTH },
                },
              },
            },
          },
        },
        responses: {
          200: {
            description: 'Stored: this line survives the process. For the form: a page.',
            content: { 'application/json': { schema: reference('FeedbackAnswer') }, 'text/html': {} },
          },
          400: error('The body is not valid UTF-8 or not valid JSON; the message says where'),
          ...denials,
          413: error(`The body is larger than ${maxBodyBytes} bytes`),
          415: error('The body has an unsupported content type, or is compressed'),
          422: error('A field is missing or invalid, or the label is not a class of the model'),
          503: error('The model is still being loaded, or the line cannot be stored now; Retry-After says when to try'),
        },
      },
    },
    '/model': { get: { summary: 'The model card, as a page', responses: { 200: page('The page') } } },
    '/docs': { get: { summary: 'This description, to read and to try', responses: { 200: page('The page') } } },
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
  const shown = Object.entries(paths).filter(
    ([path]) => (path !== '/feedback' || collectsFeedback) && (path !== '/metrics' || hasMetrics),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sentiment of a text',
      description: `Predicts whether an English text is ${namesOf(classes)}, with what confidence, and because of which words.`,
      version: '1',
    },
    paths: Object.fromEntries(shown),
    components: {
      schemas: schemas(limits, classes),
      ...(needsKey && {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'The key.' },
          basic: { type: 'http', scheme: 'basic', description: 'The name of the key, and the key as password.' },
        },
      }),
    },
    ...(needsKey && { security: [{ bearer: [] }, { basic: [] }] }),
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

function reference(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

function schemas(limits: Limits, classes: readonly string[]): Record<string, object> {
  const { single, batch } = requestSchemas(limits, classes);
  const named = z.registry<{ id: string }>();
  const all = {
    SingleRequest: single,
    BatchRequest: batch,
    FeedbackRequest: feedbackSchema(limits, classes),
    ...answerSchemas(classes),
  };
  for (const [id, schema] of Object.entries(all)) named.add(schema, { id });
  const described = z.toJSONSchema(named, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
    metadata: z.globalRegistry,
  });
  return Object.fromEntries(
    Object.entries(described.schemas).map(([name, { $schema: _version, $id: _address, ...schema }]) => [name, schema]),
  );
}
