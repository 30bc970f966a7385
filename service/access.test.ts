import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Access, RateLimit } from './access.ts';
import { readConfig } from './config.ts';
import { type OpenApp, openApp, servedWords } from './testing.ts';

const KEY = 'correct-horse-battery';
const OTHER = 'staple-of-all-batteries';

let folder: string;
let file: string;
let app: OpenApp | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
  file = join(folder, 'keys');
  const hashed = createHash('sha256').update(OTHER).digest('hex');
  writeFileSync(file, `# names and keys\nshop ${KEY}\n\nnightly sha256:${hashed}\n`);
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  rmSync(folder, { recursive: true });
});

const HTML = { accept: 'text/html,*/*;q=0.8', 'content-type': 'application/x-www-form-urlencoded' };

describe('with API_KEYS_FILE', () => {
  const ways: [name: string, headers: Record<string, string>][] = [
    ['a bearer token', { authorization: `Bearer ${KEY}` }],
    ['a header of its own', { 'x-api-key': KEY }],
    ['the password of basic authentication', { authorization: `Basic ${btoa(`anyone:${KEY}`)}` }],
    ['a key of which the file has the digest', { authorization: `bearer ${OTHER}` }],
  ];
  it.each(ways)('a request with %s is answered', async (_, headers) => {
    app = await openApp(servedWords, { API_KEYS_FILE: file });
    expect((await app.post('/predict', { text: 'good' }, headers)).status).toBe(200);
  });

  it('all that predicts or stores is refused without a key, and the rest is open', async () => {
    app = await openApp(servedWords, { API_KEYS_FILE: file, FEEDBACK_TO: `file:${folder}` });
    const inputs = [{ name: 'text', datatype: 'BYTES', shape: [1], data: ['good'] }];
    const refused = [
      await app.post('/predict', { text: 'good' }),
      await app.post('/predict', { text: 'good' }, { authorization: 'Bearer wrong-wrong-wrong' }),
      await app.post('/predict', 'text=good', HTML),
      await app.post('/feedback', { text: 'good', label: 'positive' }),
      await app.post('/v2/models/words/infer', { inputs }),
      await app.get('/?text=good'),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401]);
    expect(refused[0].headers.get('www-authenticate')).toContain('Basic');
    expect(await refused[1].json()).toMatchObject({ error: { code: 'API_KEY', message: 'this API key is not known' } });
    const open = ['/', '/healthz', '/readyz', '/version', '/metrics', '/openapi.json', '/model', '/docs/'];
    for (const path of open) expect((await app.get(path)).status, path).toBe(200);
  });

  it('requests are counted by the name of the key, and keys appear nowhere', async () => {
    app = await openApp(servedWords, { API_KEYS_FILE: file });
    await app.post('/predict', { text: 'good' }, { authorization: `Bearer ${KEY}` });
    await app.post('/predict', { text: 'good' });
    const metrics = await (await app.get('/metrics')).text();
    expect(metrics).toContain(
      'app_key_request_count_total{key="shop"} 1\napp_key_request_count_total{key="nightly"} 0',
    );
    expect(metrics).toContain('app_denied_total{reason="key"} 1\napp_denied_total{reason="rate"} 0');
    expect(metrics + app.log()).not.toContain(KEY);
  });

  const wrong: [what: string, text: string, message: RegExp][] = [
    ['a short key', 'shop secret', /line 1 of .* is not a name and a key of 16 characters or more$/],
    ['no key', '# nothing\n', /has no key$/],
    ['a name twice', `shop ${KEY}\nshop ${OTHER}\n`, /has a name twice$/],
    ['three words', `shop ${KEY} ${OTHER}`, /line 1 of/],
  ];
  it.each(wrong)('a file with %s is a usage error that shows no key', (_, text, message) => {
    writeFileSync(file, text);
    const open = () => new Access(readConfig({ API_KEYS_FILE: file }), { asked() {}, denied() {} });
    expect(open).toThrow(
      expect.objectContaining({ code: 'API_KEYS', exitCode: 2, message: expect.stringMatching(message) }),
    );
    expect(open).not.toThrow(/correct-horse|secret/);
  });
});

describe('with RATE_LIMIT', () => {
  it('a client above it gets 429 and is told when to come back; probes and pages are not limited', async () => {
    app = await openApp(servedWords, { RATE_LIMIT: '0.01', RATE_BURST: '2' });
    const statuses = [];
    for (let i = 0; i < 2; i++) statuses.push((await app.post('/predict', { text: 'good' })).status);
    const refused = await app.post('/predict', { text: 'good' });
    expect([...statuses, refused.status]).toEqual([200, 200, 429]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(90);
    expect((await app.get('/healthz')).status).toBe(200);
    expect((await app.get('/')).status).toBe(200);
  });

  it('is per key where there are keys', async () => {
    app = await openApp(servedWords, { RATE_LIMIT: '0.01', RATE_BURST: '1', API_KEYS_FILE: file });
    const ask = async (key: string) => (await app?.post('/predict', { text: 'good' }, { 'x-api-key': key }))?.status;
    expect([await ask(KEY), await ask(OTHER), await ask(KEY)]).toEqual([200, 200, 429]);
    expect([await ask('guess-number-one'), await ask('guess-number-two')]).toEqual([401, 429]);
  });

  const addresses: [proxies: number, forwarded: string | undefined, remote: string, other: string][] = [
    [0, '203.0.113.9', '10.0.0.1', '10.0.0.2'],
    [1, 'spoofed, 203.0.113.9', '10.0.0.1', '10.0.0.1'],
  ];
  it.each(addresses)(
    'with %i trusted proxies, knows a client by the right address',
    (proxies, forwarded, one, other) => {
      const config = readConfig({ RATE_LIMIT: '1', RATE_BURST: '1', TRUSTED_PROXIES: String(proxies) });
      const access = new Access(config, { asked() {}, denied() {} });
      const request = (remoteAddress: string, address = forwarded) =>
        ({ headers: { 'x-forwarded-for': address }, socket: { remoteAddress } }) as unknown as IncomingMessage;
      access.check(request(one));
      expect(() => access.check(request(one))).toThrow('too many requests');
      access.check(request(other, '203.0.113.10'));
    },
  );

  it('takes an IPv6 network of 64 bits for one client', () => {
    const access = new Access(readConfig({ RATE_LIMIT: '1', RATE_BURST: '1' }), { asked() {}, denied() {} });
    const check = (remoteAddress: string) =>
      access.check({ headers: {}, socket: { remoteAddress } } as unknown as IncomingMessage);
    check('2001:db8::1');
    expect(() => check('2001:db8:0:0:ffff::1')).toThrow('too many requests');
    check('2001:db8:0:1::1');
    check('::ffff:192.0.2.1');
    expect(() => check('192.0.2.1')).toThrow('too many requests');
  });
});

describe('RateLimit', () => {
  it('allows a burst, then the steady rate', () => {
    const rate = new RateLimit(10, 3);
    const at = (now: number) => rate.take('a', now);
    expect([at(0), at(0), at(0), at(0)]).toEqual([0, 0, 0, 100]);
    expect([at(100), at(100)]).toEqual([0, 100]);
    expect([at(10_000), at(10_000), at(10_000), at(10_000)]).toEqual([0, 0, 0, 100]);
  });

  it('keeps a table of bounded size, and forgets the quietest client first', () => {
    const rate = new RateLimit(1, 1);
    rate.take('first', 0);
    for (let i = 0; i < 10_001; i++) rate.take(`client ${i}`, 0);
    expect(rate.size).toBe(10_000);
    expect(rate.take('client 10000', 0)).toBeGreaterThan(0);
    expect(rate.take('first', 0)).toBe(0);
  });
});
