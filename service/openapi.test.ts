import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { USUAL_CLASSES } from './classes.ts';
import { ENDPOINTS } from './labels.ts';
import { openapiDocument } from './openapi.ts';
import { LIMITS, type OpenApp, openApp, servedWords } from './testing.ts';

type Answers = Record<string, { content?: Record<string, { schema?: object }> }>;
type Described = {
  openapi: string;
  paths: Record<string, Record<string, { responses: Answers }>>;
  components: { schemas: object };
};

let app: OpenApp;
let folder: string;
let described: Described;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'openapi-'));
  app = await openApp(servedWords, { FEEDBACK_TO: `file:${folder}` });
  described = (await (await app.get('/openapi.json')).json()) as Described;
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

/** The schema of an answer in the description. */
function schemaOf(path: string, method: string, status: number) {
  const schema = described.paths[path][method].responses[status].content?.['application/json'].schema;
  const whole = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...schema,
    $defs: described.components.schemas,
  };
  return z.fromJSONSchema(JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')));
}

async function check(response: Response, path: string, method = 'get') {
  expect(schemaOf(path, method, response.status).safeParse(await response.json())).toMatchObject({ success: true });
}

describe('the description holds for', () => {
  it('every path', () => {
    expect(Object.keys(described.paths)).toEqual([...ENDPOINTS]);
  });

  it.each(['/healthz', '/readyz', '/version', '/openapi.json'])('GET %s', async (path) => {
    await check(await app.get(path), path);
  });

  it('a service that is not ready', async () => {
    const { phase, predictor } = app.state;
    Object.assign(app.state, { phase: 'loading', predictor: undefined });
    await check(await app.get('/readyz'), '/readyz');
    await check(await app.get('/version'), '/version');
    await check(await app.post('/predict', { text: 'good' }), '/predict', 'post');
    Object.assign(app.state, { phase, predictor });
  });

  const requests: [status: number, body: unknown][] = [
    [200, { text: 'a good film' }],
    [200, { text: 'a bad film', explain: true }],
    [200, { texts: ['a good film', 'a bad film'] }],
    [200, { texts: ['a good film', '...'], explain: true }],
    [400, '{'],
    [413, { text: 'x'.repeat(3000) }],
    [422, { text: '' }],
    [422, { texts: ['a', 'b', 'c', 'd'] }],
  ];
  it.each(requests)('POST /predict with the answer %i to %j', async (status, body) => {
    const response = await app.post('/predict', body);
    expect(response.status).toBe(status);
    await check(response, '/predict', 'post');
  });

  const judgements: [status: number, body: unknown][] = [
    [200, { text: 'a good film', label: 'negative', request_id: 'a-1', note: 'it is not' }],
    [400, '{'],
    [413, { text: 'x'.repeat(3000), label: 'negative' }],
    [422, { text: 'a good film', label: 'neutral' }],
  ];
  it.each(judgements)('POST /feedback with the answer %i to %j', async (status, body) => {
    const response = await app.post('/feedback', body);
    expect(response.status).toBe(status);
    await check(response, '/feedback', 'post');
  });

  it('POST /predict with another content type', async () => {
    await check(await app.post('/predict', 'x', { 'content-type': 'text/plain' }), '/predict', 'post');
  });
});

it('the schema rejects a missing, an additional and a wrong field', async () => {
  const schema = schemaOf('/predict', 'post', 200);
  const answer = (await (await app.post('/predict', { text: 'good' })).json()) as Record<string, unknown>;
  const { confidence: _confidence, ...without } = answer;
  for (const wrong of [
    without,
    { ...answer, more: 1 },
    { ...answer, probability: '1' },
    { ...answer, label: 'neutral' },
  ]) {
    expect(schema.safeParse(wrong).success).toBe(false);
  }
});

it('the description states the limits in force', () => {
  const limits = { maxBodyBytes: 1, maxTextLength: 2, maxBatchSize: 3, maxExplainLength: 4 };
  const off = { collectsFeedback: false, needsKey: false, hasMetrics: false };
  const { components, paths } = openapiDocument({ limits, classes: USUAL_CLASSES, ...off });
  expect(components.schemas.SingleRequest).toMatchObject({ properties: { text: { maxLength: 2 } } });
  expect(components.schemas.BatchRequest).toMatchObject({ properties: { texts: { maxItems: 3 } } });
  expect(Object.keys(paths)).toEqual(ENDPOINTS.filter((path) => path !== '/feedback' && path !== '/metrics'));
  expect(JSON.stringify(described)).toContain(`larger than ${LIMITS.MAX_BODY_BYTES} bytes`);
});

it('the description holds for an answer to some of the texts', async () => {
  const response = await app.post('/predict', { texts: ['good', 5, ''], partial: true });
  await check(response, '/predict', 'post');
});
