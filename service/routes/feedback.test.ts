import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Judgement } from '../feedback/feedback.ts';
import { type OpenApp, openApp, servedWords } from '../testing.ts';

let folder: string;
let app: OpenApp;
const open = (env: Record<string, string> = {}) => openApp(servedWords, { FEEDBACK_TO: `file:${folder}`, ...env });
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'feedback-'));
  app = await open();
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html,*/*;q=0.8' };

function stored(): Judgement[] {
  const text = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return text
    .join('')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const metrics = async () => (await (await app.get('/metrics')).text()).split('\n');

describe('a judgement', () => {
  it('is stored when it is answered, with what the model says of the text', async () => {
    const sent = { text: 'a good film', label: 'negative', request_id: 'pod-7', note: 'irony' };
    const response = await app.post('/feedback', sent);
    const answer = await response.json();
    expect([response.status, answer]).toEqual([
      200,
      { id: response.headers.get('x-request-id'), label: 'negative', predicted: 'positive', agreed: false },
    ]);
    const { id } = answer as { id: string };
    expect(stored()).toEqual([{ ...sent, id, time: expect.any(String), predicted: 'positive', model: '7' }]);
  });

  it('is counted by the label of the model and whether the person agreed; it is no prediction', async () => {
    await app.post('/feedback', { text: 'good', label: 'negative' });
    await app.post('/feedback', { text: 'good', label: 'positive' });
    await app.post('/feedback', { text: 'fine', label: 'positive' });
    await app.post('/feedback', { text: 'bad', label: 'negative' });
    const lines = await metrics();
    for (const line of [
      'feedback_count_total{label="positive",agreed="true"} 2',
      'feedback_count_total{label="positive",agreed="false"} 1',
      'feedback_count_total{label="negative",agreed="true"} 1',
      'feedback_count_total{label="negative",agreed="false"} 0',
      'feedback_agreement{label="negative"} 1',
      `feedback_agreement{label="positive"} ${2 / 3}`,
      'feedback_rejected_total{reason="away"} 0',
      'feedback_sink_up 1',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines).not.toContain('model_prediction_count_total{prediction="1"} 1');
    expect(lines.find((line) => line.startsWith('feedback_folder_bytes'))).toMatch(/ [1-9]\d+$/);
  });

  it('never reaches the log', async () => {
    await app.post('/feedback', { text: 'a good secret', label: 'negative', note: 'hidden', request_id: 'jane' });
    await app.post('/feedback', { text: 'a good secret', label: 'secret label' });
    expect(app.log()).toContain('"endpoint":"/feedback","status":200');
    expect(app.log()).not.toMatch(/secret|hidden|jane/);
  });

  it('that is sent again, because its answer was lost, is stored and counted once', async () => {
    const sent = { text: 'good', label: 'positive', request_id: 'a-1' };
    const answers = await Promise.all([app.post('/feedback', sent), app.post('/feedback', sent)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await app.post('/feedback', sent);
    expect(stored()).toHaveLength(1);
    expect(await metrics()).toContain('feedback_count_total{label="positive",agreed="true"} 1');
    await app.post('/feedback', { ...sent, label: 'negative' });
    await app.post('/feedback', { ...sent, text: 'fine' });
    for (const _ of [1, 2]) await app.post('/feedback', { text: 'good', label: 'positive' });
    expect(stored()).toHaveLength(5);
  });

  it('that the process before stored is known after its restart', async () => {
    const name = `2026-12-01_${hostname().replace(/[^A-Za-z0-9.-]/g, '-')}_${process.pid}_1_0.jsonl`;
    const line = JSON.stringify({ text: 'good', label: 'positive', request_id: 'a-1' });
    writeFileSync(join(folder, name), `damaged\n${line}\n{"unfin`);
    await app.close();
    app = await open();
    await app.post('/feedback', { text: 'good', label: 'positive', request_id: 'a-1' });
    expect(readFileSync(join(folder, name), 'utf8')).toBe(`damaged\n${line}\n`);
    expect(readdirSync(folder)).toHaveLength(2);
    await app.close();
    expect(readdirSync(folder)).toEqual([name]);
    app = await open();
  });
});

describe('is refused:', () => {
  const cases: [what: string, body: unknown, status: number, code: string, message: string][] = [
    ['no text', { label: 'positive' }, 422, 'TEXT_MISSING', '"text" is missing'],
    ['an empty text', { text: ' ', label: 'positive' }, 422, 'TEXT_EMPTY', '"text" is empty'],
    [
      'no label',
      { text: 'good' },
      422,
      'LABEL_UNKNOWN',
      '"label" is missing; the classes of the model are negative, positive',
    ],
    [
      'a label that is no class',
      { text: 'good', label: 'neutral' },
      422,
      'LABEL_UNKNOWN',
      '"label" is "neutral"; the classes of the model are negative, positive',
    ],
    [
      'a request id of another kind',
      { text: 'good', label: 'positive', request_id: 'a b' },
      422,
      'REQUEST_ID_INVALID',
      '"request_id" is not the id of a request',
    ],
    [
      'a note that is no string',
      { text: 'good', label: 'positive', note: 1 },
      422,
      'NOTE_INVALID',
      '"note" must be a string of at most 2000 characters',
    ],
    ['a list', [], 422, 'BODY_NOT_OBJECT', 'the body must be a JSON object, got a list'],
    [
      'broken JSON',
      '{"text": ',
      400,
      'JSON_INVALID',
      'the body is not valid JSON: it ends too early, at line 1, column 10',
    ],
  ];
  it.each(cases)('%s', async (_, body, status, code, message) => {
    const response = await app.post('/feedback', body);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code, message } }]);
    expect(stored()).toEqual([]);
  });

  it('a note over its limit', async () => {
    await app.close();
    app = await open({ MAX_BODY_BYTES: '3000' });
    const note = 'x'.repeat(2000);
    expect((await app.post('/feedback', { text: 'good', label: 'positive', note })).status).toBe(200);
    expect((await app.post('/feedback', { text: 'good', label: 'positive', note: `${note}x` })).status).toBe(422);
  });

  it('everything, with 404, if feedback is off', async () => {
    const off = await openApp();
    const response = await off.post('/feedback', { text: 'good', label: 'positive' });
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'FEEDBACK_OFF' } }]);
    expect(await (await off.get('/openapi.json')).json()).not.toHaveProperty(['paths', '/feedback']);
    expect(await (await off.get('/metrics')).text()).not.toContain('feedback_count');
    await off.close();
  });

  it('a line for which there is no room, with 503, a time to wait and a metric', async () => {
    await app.close();
    app = await open({ FEEDBACK_MAX_BYTES: '100' });
    const response = await app.post('/feedback', { text: 'good', label: 'positive' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await response.json()).toMatchObject({ error: { code: 'FEEDBACK_FULL' } });
    expect(await metrics()).toContain('feedback_rejected_total{reason="full"} 1');
  });

  it('a folder that cannot be written to, at the start', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(open({ FEEDBACK_TO: `file:${folder}/file` })).rejects.toThrow(
      `cannot write feedback to the folder ${folder}/file of FEEDBACK_TO`,
    );
    rmSync(join(folder, 'file'));
  });
});

describe('on the page', () => {
  it('a result has a button for each class, and pressing one stores the text and says thank you', async () => {
    const result = await app.post('/predict', new URLSearchParams({ text: 'a "good" <film>' }).toString(), FORM);
    const page = await result.text();
    expect(page).toContain('<button type="submit" name="label" value="positive">Right: positive</button>');
    expect(page).toContain('<button type="submit" name="label" value="negative">Wrong: it is negative</button>');
    const request_id = String(result.headers.get('x-request-id'));
    expect(page).toContain(`name="request_id" value="${request_id}"`);
    const body = new URLSearchParams({ text: 'a "good" <film>', request_id, label: 'negative' });
    const thanks = await app.post('/feedback', body.toString(), FORM);
    expect([thanks.status, thanks.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await thanks.text()).toContain('Thank you');
    expect(stored()).toMatchObject([{ text: 'a "good" <film>', label: 'negative', request_id }]);
  });

  it('there are no buttons if feedback is off', async () => {
    const off = await openApp();
    expect(await (await off.post('/predict', 'text=good', FORM)).text()).not.toContain('action="feedback"');
    await off.close();
  });

  it('a form that asks for JSON gets JSON, and errors come as a page', async () => {
    const json = await app.post('/feedback', 'text=good&label=positive', { ...FORM, accept: 'application/json' });
    expect(await json.json()).toMatchObject({ agreed: true });
    const refused = await app.post('/feedback', 'text=good&label=odd', FORM);
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain('the classes of the model are negative, positive.');
  });
});
