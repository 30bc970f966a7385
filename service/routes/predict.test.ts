import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WordContribution } from '../../ml/model/types.ts';
import type { ErrorAnswer } from '../request.ts';
import { type OpenApp, openApp } from '../testing.ts';

let app: OpenApp;
beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app.close());

const FORM = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html,*/*;q=0.8' };

async function refusal(response: Response): Promise<{ status: number; code: string; message: string }> {
  const { error } = (await response.json()) as ErrorAnswer;
  return { status: response.status, code: error.code, message: error.message };
}

describe('JSON', () => {
  it('is answered with JSON', async () => {
    const response = await app.post('/predict', { text: 'good' }, { accept: 'text/html' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(await response.json()).toMatchObject({ sentiment: 'Positive Sentiment', prediction: '1' });
  });

  it('may name its character set', async () => {
    const response = await app.post(
      '/predict',
      { text: 'good' },
      { 'content-type': 'Application/JSON; charset=utf-8' },
    );
    expect(response.status).toBe(200);
  });

  it('is explained if the URL asks for it', async () => {
    expect(await (await app.post('/predict?explain=1', { text: 'good' })).json()).toHaveProperty('words');
    expect(await (await app.post('/predict?explain=false', { text: 'good' })).json()).not.toHaveProperty('words');
    expect(await refusal(await app.post('/predict?explain=maybe', { text: 'good' }))).toMatchObject({
      status: 422,
      code: 'EXPLAIN_NOT_BOOLEAN',
    });
    expect(await refusal(await app.post('/predict?explain=1&explain=0', { text: 'good' }))).toMatchObject({
      status: 422,
      code: 'GIVEN_TWICE',
    });
  });

  const texts = ['\ud800 lone', 'a\0b good', '🙂 good 👍🏽', '\u202egood', '\ufeff good', '<script>good</script>'];
  it.each(texts)('with the text %j is classified', async (given) => {
    const response = await app.post('/predict', { text: given, explain: true });
    expect(response.status).toBe(200);
    const { words } = (await response.json()) as { words?: WordContribution[] };
    for (const word of words ?? []) expect(given.slice(word.start, word.end)).toBe(word.text);
  });

  it('that is invalid is refused with the position of the error', async () => {
    expect(await refusal(await app.post('/predict', '{"text": "a",\n oops}'))).toEqual({
      status: 400,
      code: 'JSON_INVALID',
      message: 'the body is not valid JSON: "o" is unexpected at line 2, column 2',
    });
    expect(await refusal(await app.post('/predict', ''))).toMatchObject({
      message: 'the body is not valid JSON: it is empty',
    });
  });

  it('that is not UTF-8 is refused rather than misread', async () => {
    const latin1 = Buffer.from('{"text": "caf\xe9"}', 'latin1');
    expect(await refusal(await app.post('/predict', latin1))).toMatchObject({ status: 400, code: 'ENCODING_INVALID' });
  });

  it('of any shape is answered or refused, never with a 500', async () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({ text: fc.string({ unit: 'binary' }), explain: fc.boolean() }),
      fc.record({ texts: fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 4 }) }),
    );
    await fc.assert(
      fc.asyncProperty(value, async (body) => {
        const response = await app.post('/predict', JSON.stringify(body));
        await response.json();
        expect([200, 422, 413]).toContain(response.status);
      }),
      { numRuns: 200 },
    );
  });
});

describe('JSON that the client calls something else', () => {
  const kinds = ['application/x-www-form-urlencoded', 'text/plain;charset=UTF-8', ''];
  it.each(kinds)('%j is answered with JSON', async (type) => {
    const headers = { 'content-type': type, accept: '*/*' };
    const response = await app.post('/predict?explain=1', ' {"text": "good & cheap"}', headers);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(await response.json()).toMatchObject({ label: 'positive', words: [{ text: 'good' }, { text: 'cheap' }] });
    const refused = await app.post('/predict', '{"texts": 5}', headers);
    expect(await refusal(refused)).toMatchObject({ status: 422 });
    expect(await refusal(await app.post('/predict', '{"text": ', headers))).toMatchObject({ code: 'JSON_INVALID' });
  });
});

describe('a body of another kind', () => {
  const cases: [type: string, message: string][] = [
    ['text/plain', 'the content type "text/plain" is not supported'],
    ['multipart/form-data; boundary=x', 'the content type "multipart/form-data" is not supported'],
    ['', 'the body has no content type'],
  ];
  it.each(cases)('%s gets 415', async (type, message) => {
    const response = await app.post('/predict', 'x', { 'content-type': type });
    expect(response.headers.get('accept-post')).toBe('application/json, application/x-www-form-urlencoded');
    expect(await refusal(response)).toEqual({ status: 415, code: 'CONTENT_TYPE', message });
  });

  it('compressed gets 415', async () => {
    const response = await app.post('/predict', 'x', { 'content-encoding': 'gzip' });
    expect(await refusal(response)).toMatchObject({ status: 415, code: 'CONTENT_ENCODING' });
  });
});

describe('a body over the limit gets 413', () => {
  it('with the limit in the message', async () => {
    expect(await refusal(await app.post('/predict', { text: 'x'.repeat(3000) }))).toEqual({
      status: 413,
      code: 'BODY_TOO_LARGE',
      message: 'the body is too large; the limit is 2000 bytes',
    });
  });

  const megabyte = 'x'.repeat(1_000_000);
  const piece = `${megabyte.length.toString(16)}\r\n${megabyte}\r\n`;
  it.each([
    ['of declared length', `content-length: 10000000\r\n\r\n${megabyte.repeat(10)}`],
    ['in pieces', `transfer-encoding: chunked\r\n\r\n${piece.repeat(10)}0\r\n\r\n`],
  ])('also at 10 MB %s, and its connection serves on', async (_, large) => {
    const { hostname, port } = new URL(app.address);
    const socket = connect(Number(port), hostname);
    const head = 'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    socket.write(head + large);
    socket.write(`${head}content-length: 16\r\nconnection: close\r\n\r\n{"text": "good"}`);
    const answers = await text(socket);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });
});

it('a client that disconnects within its body does no harm', async () => {
  const { hostname, port } = new URL(app.address);
  const socket = connect(Number(port), hostname);
  socket.write('POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
  socket.end();
  await text(socket).catch(() => '');
  await expect.poll(app.log).toContain('"endpoint":"/predict","status":400');
  expect(app.log()).not.toContain('"level":"error"');
  expect((await app.post('/predict', { text: 'good' })).status).toBe(200);
});

describe('the form', () => {
  it('gets the page with label, confidence and marked words', async () => {
    const response = await app.post('/predict', 'text=a+good+film', FORM);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const page = await response.text();
    expect(page).toContain('Positive Sentiment</h2>');
    expect(page).toContain('Confidence <strong>92 %</strong>');
    expect(page).toMatch(/<mark class="p3" title="positive, \+2\.00">good</);
    expect(page).toContain('\na good film</textarea>');
  });

  it('gets JSON if its Accept header asks for JSON', async () => {
    const response = await app.post('/predict?explain=1', 'text=good', { ...FORM, accept: 'application/json' });
    expect(await response.json()).toMatchObject({ label: 'positive', words: [{ text: 'good' }] });
    const refused = await app.post('/predict', 'other=good', { ...FORM, accept: 'application/json' });
    expect(await refusal(refused)).toMatchObject({ status: 422, code: 'TEXT_MISSING' });
  });

  const refused: [what: string, body: string, status: number, shown: string][] = [
    ['an empty text', 'text=', 422, 'The text is empty.'],
    ['no text', '', 422, 'The text is missing.'],
    ['a long text', `text=${'x'.repeat(101)}`, 422, 'The text is 101 characters long; the limit is 100.'],
    ['two texts', 'text=good&text=bad', 422, 'The text is given twice.'],
    ['an unknown class', 'text=good&towards=odd', 422, '"towards" is "odd"; the classes that can be explained are'],
    ['lines and an unknown class', 'lines=1&text=good%0Abad&towards=odd', 422, '"towards" is "odd"'],
    ['many fields', 'a=b&'.repeat(200), 422, 'The form has more than 100 fields.'],
    ['too much', `text=${'x'.repeat(3000)}`, 413, 'The body is too large; the limit is 2000 bytes.'],
  ];
  it.each(refused)('with %s gets the form again, with the error', async (_, body, status, shown) => {
    const response = await app.post('/predict', body, FORM);
    const page = await response.text();
    expect(response.status).toBe(status);
    expect(page.replaceAll('&quot;', '"')).toContain(`role="alert"><p>${shown}`);
    expect(page).toContain('<textarea');
  });

  it.each([
    ['/?towards=positive&towards=positive', '"towards" is given twice'],
    ['/?towards=odd', '"towards" is "odd"'],
    ['/?text=good&text=bad', 'The text is given twice.'],
  ])('as a link, %s gets the page with the error', async (path, shown) => {
    const response = await app.get(path);
    expect(response.status).toBe(422);
    expect((await response.text()).replaceAll('&quot;', '"')).toContain(shown);
  });

  it('cannot inject markup into the page', async () => {
    const markup = '</textarea><script>alert(1)</script> good "\'&';
    const response = await app.post('/predict', new URLSearchParams({ text: markup }).toString(), FORM);
    const page = await response.text();
    expect(page).not.toContain('<script>alert');
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain('&lt;/textarea&gt;&lt;script&gt;');
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+=*'; img-src data:; script-src 'sha256-[\w+/]+=*'; connect-src 'self'; /,
    );
  });
});
