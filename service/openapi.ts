/** The description of the interface at /openapi.json, OpenAPI 3.1. A test holds real answers against it. */
import type { Path } from './endpoints.ts';
import { reference, schemas } from './openapi_schemas.ts';
import type { Limits } from './predict.ts';

type Operation = Record<string, unknown>;

export function openapiDocument(limits: Limits & { maxBodyBytes: number }) {
  const { maxBodyBytes, maxTextLength, maxBatchSize } = limits;
  const paths: Record<Path, { get: Operation } | { post: Operation }> = {
    '/': { get: { summary: 'The page with the form', responses: { 200: page('The page') } } },
    '/predict': {
      post: {
        summary: 'Judge one text or several',
        parameters: [
          {
            name: 'explain',
            in: 'query',
            description: 'The same as in the body.',
            schema: { enum: ['0', '1', 'false', 'true'] },
          },
        ],
        requestBody: {
          required: true,
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
              'The prediction, or one for each text in the order sent. For the form: the page, or by Accept JSON.',
            content: {
              'application/json': { schema: { anyOf: [reference('SingleAnswer'), reference('BatchAnswer')] } },
              'text/html': {},
            },
          },
          400: error('The body is not UTF-8 or not JSON; the message says where'),
          413: error(`The body has more than ${maxBodyBytes} bytes`),
          415: error('The body is of another type, or compressed'),
          422: error(
            `A text is missing, empty, longer than ${maxTextLength} UTF-16 units, or there are more than ${maxBatchSize}`,
          ),
          503: error('The model is being loaded'),
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
    '/healthz': { get: { summary: 'Is the process alive', responses: { 200: json('It is', 'Alive') } } },
    '/readyz': {
      get: {
        summary: 'Should requests be sent here',
        responses: { 200: json('Yes', 'Readiness'), 503: json('Not yet, or no more', 'Readiness') },
      },
    },
    '/version': { get: { summary: 'Which code and which model answer', responses: { 200: json('They', 'Version') } } },
    '/openapi.json': {
      get: {
        summary: 'This description',
        responses: { 200: { description: 'It', content: { 'application/json': { schema: { type: 'object' } } } } },
      },
    },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sentiment of a text',
      description: 'Says whether an English text is positive or negative, how sure that is, and which words decided.',
      version: '1',
    },
    paths,
    components: { schemas: schemas(limits) },
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
