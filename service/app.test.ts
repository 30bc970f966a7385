import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Predictor } from './predict.ts';
import { type OpenApp, openApp, servedWords, wordModel } from './testing.ts';

let app: OpenApp;
beforeEach(async () => {
  app = await openApp();
});
afterEach(() => app.close());

const PAGE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('an unknown path', () => {
  it('answers 404 with a JSON error', async () => {
    const response = await app.get('/nothing');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: {
        code: 'NOT_FOUND',
        message: 'unknown path',
        next: 'the page is at /, the API description at /openapi.json',
      },
    });
  });

  it('answers with a page if the client prefers HTML', async () => {
    const response = await app.get('/nothing', PAGE);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toContain('Page not found');
  });

  it.each(['/PREDICT', '/predict/', '/healthz/', '//', '/%zz', '/predict%00'])('%s is unknown', async (path) => {
    expect((await app.get(path)).status).toBe(404);
  });
});

describe('a known path', () => {
  it('answers an unsupported method with 405 and the supported ones', async () => {
    const response = await app.get('/predict');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST, OPTIONS');
    expect(await response.json()).toEqual({
      error: { code: 'METHOD_NOT_ALLOWED', message: '/predict supports only POST, OPTIONS' },
    });
    expect((await fetch(`${app.address}/metrics`, { method: 'DELETE' })).headers.get('allow')).toBe(
      'GET, HEAD, OPTIONS',
    );
  });

  it('answers OPTIONS with the methods', async () => {
    const response = await fetch(`${app.address}/predict`, { method: 'OPTIONS' });
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  });

  it('answers HEAD with the head of GET', async () => {
    const head = await fetch(`${app.address}/`, { method: 'HEAD' });
    const get = await app.get('/');
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  });
});

describe('readiness', () => {
  it('is 200 with a model', async () => {
    expect((await app.get('/readyz')).status).toBe(200);
    expect(await (await app.get('/healthz')).json()).toEqual({ status: 'alive' });
  });

  it('is 503 while the model is being loaded, and so are predictions', async () => {
    app.state.phase = 'loading';
    app.state.predictor = undefined;
    const ready = await app.get('/readyz');
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'loading' }]);
    expect((await app.get('/healthz')).status).toBe(200);
    const response = await app.post('/predict', { text: 'good' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ error: { code: 'MODEL_LOADING' } });
    expect(await (await app.get('/version')).json()).toMatchObject({ model: null });
    expect(await (await app.get('/')).text()).toContain('The model is being loaded.');
  });

  it('is 503 while the service drains, and every answer closes its connection', async () => {
    app.state.phase = 'draining';
    expect((await app.get('/readyz')).status).toBe(503);
    for (const path of ['/', '/readyz', '/metrics', '/nothing']) {
      expect((await app.get(path)).headers.get('connection')).toBe('close');
    }
    const response = await app.post('/predict', { text: 'good' });
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
  });
});

it('/version says which code and which model', async () => {
  expect(await (await app.get('/version')).json()).toEqual({
    service: { gitCommit: 'fedcba', node: process.versions.node },
    model: {
      name: 'words',
      version: '7',
      runId: 'run-1',
      source: 'registry',
      warning: null,
      digest: 'a'.repeat(64),
      features: 4,
      data: { source: 'https://example.test/reviews.csv', digest: 'd'.repeat(64), trainingTexts: 1234, domains: {} },
      gitCommit: 'abc',
      metrics: { accuracy: 0.8125 },
    },
  });
});

describe('a failure of the service itself', () => {
  beforeEach(() => {
    const broken = {
      get served(): never {
        throw new Error('secret detail');
      },
      predictJson(): never {
        throw new Error('secret detail');
      },
    };
    app.state.predictor = broken as unknown as Predictor;
  });

  it('tells the client that something failed, and the log what', async () => {
    const response = await app.post('/predict', { text: 'good' });
    const body = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(body)).toEqual({
      error: {
        code: 'INTERNAL',
        message: 'the service failed to process this request',
        next: 'the log of the service has the details',
      },
    });
    expect(app.log()).toContain('secret detail');
  });

  it('shows no detail on the page either', async () => {
    const body = await (await app.get('/', PAGE)).text();
    expect(body).toContain('The service failed to process this request.');
    expect(body).not.toContain('secret');
  });
});

describe('the log', () => {
  it('has a line per request, without its text or URL', async () => {
    await app.post('/predict?explain=1&user=jane', { text: 'a good secret' });
    await app.get('/private/jane?text=secret');
    const lines = app
      .log()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { ...ALWAYS, method: 'POST', endpoint: '/predict', status: 200 },
      { ...ALWAYS, method: 'GET', endpoint: 'other', status: 404 },
    ]);
  });

  it('is quiet about probes while all is well', async () => {
    await app.get('/healthz');
    await app.get('/readyz');
    await app.get('/metrics');
    expect(app.log()).toBe('');
    app.state.phase = 'draining';
    await app.get('/readyz');
    expect(app.log()).toContain('"endpoint":"/readyz","status":503');
  });

  it('has the request id of the answer, and the trace that the caller sends', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answers = [
      await app.post('/predict', { text: 'good' }, { traceparent }),
      await app.post('/predict', { text: '' }, { traceparent: '00-not-valid-01' }),
      await app.get('/'),
    ];
    const lines = app
      .log()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.request_id)).toEqual(answers.map(({ headers }) => headers.get('x-request-id')));
    expect(new Set(lines.map((line) => line.request_id)).size).toBe(3);
    const trace = { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7' };
    expect(lines[0]).toMatchObject(trace);
    for (const line of lines.slice(1)) for (const key of Object.keys(trace)) expect(line).not.toHaveProperty(key);
  });

  const ALWAYS = {
    time: expect.any(Number),
    level: 'info',
    msg: 'request',
    microseconds: expect.any(Number),
    request_id: expect.any(String),
  };
});

describe('/metrics', () => {
  it('has the counts of measured texts and the shares of training texts', async () => {
    await app.post('/predict', { texts: ['good', 'good and fine', 'of what was said'] });
    const lines = (await (await app.get('/metrics')).text()).split('\n');
    for (const line of [
      'model_signal_texts_total{signal="length",bucket="2"} 1',
      'model_signal_texts_total{signal="length",bucket="4"} 2',
      'model_signal_texts_total{signal="length",bucket="+Inf"} 0',
      'model_signal_texts_total{signal="unknown_share",bucket="0"} 1',
      'model_signal_texts_total{signal="unknown_share",bucket="0.4"} 1',
      'model_signal_texts_total{signal="unknown_share",bucket="+Inf"} 1',
      'model_input_tokens_total 8',
      'model_input_unknown_tokens_total 5',
      'model_profile_share{signal="length",bucket="8"} 0.3',
      'model_profile_share{signal="probability",bucket="+Inf"} 0.3',
      'model_profile_confidence 0.85',
      'model_trained_timestamp_seconds 1793491200',
      'app_info{git_commit="fedcba"} 1',
      'app_requests_in_flight 0',
    ]) {
      expect(lines).toContain(line);
    }
  });

  it('has the time at which the model was last examined, from the registry or from a newer note about this version', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'note-'));
    const file = join(folder, 'note.json');
    const old = await openApp({ ...servedWords, examinedAt: '2026-11-02T00:00:00.000Z' }, { MODEL_NOTE: file });
    const examined = async () => /^model_examined_timestamp.*$/m.exec(await (await old.get('/metrics')).text())?.[0];
    const note = (version: string) => writeFileSync(file, JSON.stringify({ version, examined_at: '2026-11-03' }));
    try {
      expect(await examined()).toBe('model_examined_timestamp 1793577600');
      note('6');
      expect(await examined()).toBe('model_examined_timestamp 1793577600');
      note('7');
      expect(await examined()).toBe('model_examined_timestamp 1793664000');
    } finally {
      await old.close();
      rmSync(folder, { recursive: true });
    }
    expect(await (await app.get('/metrics')).text()).not.toContain('\nmodel_examined_timestamp');
  });

  it('for a model without a profile counts texts, but has no shares of training texts', async () => {
    const { profile: _none, ...model } = wordModel;
    const old = await openApp({ ...servedWords, model: { ...model, profile: undefined } });
    try {
      await old.post('/predict', { text: 'good' });
      const text = await (await old.get('/metrics')).text();
      expect(text).toContain('model_signal_texts_total{signal="length",bucket="2"} 1');
      expect(text).not.toContain('model_profile');
    } finally {
      await old.close();
    }
  });

  it('counts requests, answers, predictions and confidence, and names the model', async () => {
    await app.post('/predict', { texts: ['good', 'bad', 'awful'] });
    await app.post('/predict', { text: '' });
    await app.get('/');
    await app.get('/a');
    await app.get('/b');
    const response = await app.get('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = (await response.text()).split('\n');
    for (const line of [
      '# TYPE app_request_count_total counter',
      'app_request_count_total{method="POST",endpoint="/predict"} 2',
      'app_request_count_total{method="GET",endpoint="/"} 1',
      'app_request_count_total{method="GET",endpoint="other"} 2',
      '# TYPE app_request_latency_seconds histogram',
      'app_request_latency_seconds_bucket{le="+Inf",endpoint="/predict"} 2',
      'app_request_latency_seconds_count{endpoint="/"} 1',
      'app_response_count_total{endpoint="/predict",status="2xx"} 1',
      'app_response_count_total{endpoint="/predict",status="4xx"} 1',
      '# TYPE model_prediction_count_total counter',
      'model_prediction_count_total{prediction="0"} 2',
      'model_prediction_count_total{prediction="1"} 1',
      'model_prediction_confidence_count{prediction="0"} 2',
      'model_prediction_confidence_bucket{le="0.85",prediction="0"} 1',
      `model_info{version="7",run_id="run-1",data_hash="${wordModel.facts.dataDigest}"} 1`,
    ]) {
      expect(lines).toContain(line);
    }
  });

  it('has labels from closed sets only, whatever clients request', async () => {
    const labels = new Set<string>();
    for (const method of ['PROPFIND', 'DELETE', 'PATCH', 'GET']) {
      for (const path of ['/x', '/y?z=1', '/predict/1', '/metrics/../predict']) await ask(method, path);
    }
    for (const line of (await (await app.get('/metrics')).text()).split('\n')) {
      const match = /^app_request_count_total\{(.*)\} [1-9]/.exec(line);
      if (match) labels.add(match[1]);
    }
    expect([...labels].sort()).toEqual(['method="GET",endpoint="other"', 'method="other",endpoint="other"']);
  });

  it('starts the prediction counters at zero', async () => {
    const text = await (await app.get('/metrics')).text();
    expect(text).toContain(
      'model_prediction_count_total{prediction="0"} 0\nmodel_prediction_count_total{prediction="1"} 0\n',
    );
  });
});

it('says that a model comes from the cache', async () => {
  const warning = 'the registry at http://10.0.0.1 could not be used';
  const cached = await openApp({ ...servedWords, source: 'cache', warning });
  try {
    const page = await (await cached.get('/')).text();
    expect(page).toContain('The model registry was unreachable when this service started');
    expect(page).not.toContain('10.0.0.1');
    expect(await (await cached.get('/version')).json()).toMatchObject({ model: { source: 'cache', warning } });
  } finally {
    await cached.close();
  }
});

/** fetch() tidies paths and refuses some methods; this does not. */
function ask(method: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(app.address);
    const asked = request({ hostname, port, method, path }, (response) => response.resume().on('end', resolve));
    asked.on('error', reject).end();
  });
}
