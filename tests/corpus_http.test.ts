import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { gatherCorpus, gatherReviews, gatherSplit } from '../ml/corpus/corpus.ts';
import { downloadHttp } from '../ml/corpus/download.ts';
import { settings } from '../ml/corpus/testdata/settings.ts';
import { freePort, listen, stopListening } from './support/listen.ts';

const TABLE = 'text,label\ngood,positive\nbad,negative\n';

const answers: Record<string, RequestListener> = {
  '/reviews.csv': (_, response) => response.end(TABLE),
  '/reviews.csv.gz': (_, response) => response.end(gzipSync(TABLE)),
  '/moved': (_, response) => response.writeHead(302, { location: '/reviews.csv?version=2' }).end(),
  '/typed': (_, response) => response.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' }).end(TABLE),
  '/named': (_, response) =>
    response.writeHead(200, { 'content-disposition': 'attachment; filename="reviews.csv"' }).end(TABLE),
  '/aclImdb_v1.tar.gz': async (_, response) => {
    const tar = pack();
    for (const name of ['train/pos/0_9', 'train/neg/0_2', 'test/pos/0_8', 'test/neg/0_1']) {
      tar.entry({ name: `aclImdb/${name}.txt` }, `text of ${name}`);
    }
    tar.finalize();
    await pipeline(Readable.from(tar), createGzip(), response);
  },
  '/untold': (_, response) => response.end('one line of text\nand another\n'),
  '/circle': (_, response) => response.writeHead(302, { location: '/circle' }).end(),
  '/signed': ({ headers, url }, response) => {
    const isKnown = headers.authorization === `Basic ${btoa('ann:p4ssword')}` && url?.endsWith('=51gn4ture');
    if (isKnown) response.writeHead(302, { location: '/reviews.csv?sig=s3cond' }).end();
    else response.writeHead(403).end(`not with ${headers.authorization} at ${url}`);
  },
  '/secret.csv': (_, response) => response.writeHead(403).end('no'),
  '/broken.csv': (_, response) => response.writeHead(500).end('no'),
  '/page.csv': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Sign in</p>'),
  '/sly.csv': (_, response) => response.end('\n  <!DOCTYPE html><p>Sign in</p>'),
  '/empty.csv': (_, response) => response.end(),
  '/cut.csv': (_, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write(TABLE, () => response.destroy());
  },
  '/silent.csv': () => {},
  '/stalled.csv': (_, response) => response.writeHead(200).write(TABLE),
};

describe('texts at an address', () => {
  let server: Server;
  let base: string;
  let folder: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = answers[new URL(request.url ?? '/', 'http://localhost').pathname];
      if (answer) answer(request, response);
      else response.writeHead(404).end('not here');
    });
    base = `http://127.0.0.1:${await listen(server)}`;
  });

  afterAll(() => stopListening(server));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'http-'));
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const read = (path: string) =>
    gatherReviews({ ...settings, source: `${base}${path}` }, { folder, log: () => {} }).finally(() =>
      expect(readdirSync(folder)).toEqual([]),
    );

  it.each(['/reviews.csv', '/reviews.csv.gz', '/reviews.csv?signature=x', '/moved', '/typed', '/named'])(
    'are read from %s',
    async (path) => {
      expect((await read(path)).map(({ text }) => text)).toEqual(['good', 'bad']);
    },
  );

  it('may be an archive of IMDB reviews, which keeps its own split', async () => {
    const source = `${base}/aclImdb_v1.tar.gz`;
    const { train, test } = await gatherSplit({ ...settings, source }, { folder, log: () => {} });
    expect([train, test].map((reviews) => reviews.map(({ id, rating }) => [id, rating]).sort())).toEqual([
      [
        ['train/neg/0', -3.5],
        ['train/pos/0', 3.5],
      ],
      [
        ['test/neg/0', -4.5],
        ['test/pos/0', 2.5],
      ],
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are named by the address without its query, which may be secret', async () => {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const file = await downloadHttp(`${base}/reviews.csv?signature=secret`, { folder, log });
    expect(file).toMatchObject({ name: `${base}/reviews.csv`, fileName: 'reviews.csv' });
    expect(readFileSync(file.path, 'utf8')).toBe(TABLE);
    expect(lines).toEqual([`fetching ${base}/reviews.csv ...`]);
    file.remove();
  });

  it('may be at an address that only a variable of the environment holds, with a password, a signature and a redirect', async () => {
    const { host } = new URL(base);
    vi.stubEnv('REVIEWS_URL', `http://ann:p4ssword@${host}/signed?X-Amz-Signature=51gn4ture`);
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const corpus = await gatherCorpus({ ...settings, source: 'env:REVIEWS_URL' }, { folder, log });
    expect(corpus.name).toBe('env:REVIEWS_URL');
    expect(corpus.census.rowsRead).toBe(2);
    corpus.close();
    expect(lines).toEqual(['fetching env:REVIEWS_URL ...']);

    vi.stubEnv('REVIEWS_URL', `http://ann:wr0ngword@${host}/signed?X-Amz-Signature=51gn4ture`);
    const refused = gatherReviews({ ...settings, source: 'env:REVIEWS_URL' }, { folder, log: () => {} });
    await expect(refused).rejects.toThrow('env:REVIEWS_URL answered 403 Forbidden');

    vi.stubEnv('REVIEWS_URL', '');
    const unset = gatherReviews({ ...settings, source: 'env:REVIEWS_URL' }, { folder, log: () => {} });
    await expect(unset).rejects.toMatchObject({ code: 'SOURCE_UNSET', exitCode: 2 });
  });

  it.each([
    ['/no.csv', 'answered 404 Not Found'],
    ['/secret.csv', 'answered 403 Forbidden'],
    ['/broken.csv', 'answered 500 Internal Server Error'],
    ['/page.csv', 'answered with a web page, not with data'],
    ['/sly.csv', 'answered with a web page, not with data'],
    ['/empty.csv', 'answered with an empty body'],
  ])('are an error when %s %s', async (path, problem) => {
    await expect(read(path)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: `${base}${path} ${problem}`,
      exitCode: 1,
    });
  });

  it.each([
    ['/circle', /: redirect count exceeded$/],
    ['/cut.csv', /: .+/],
  ])('are an error when the connection fails at %s', async (path, reason) => {
    await expect(read(path)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(new RegExp(`^cannot fetch ${base}${path}${reason.source}`)),
    });
  });

  it.each(['/silent.csv', '/stalled.csv'])('are an error when no more data arrives from %s', async (path) => {
    const fetching = downloadHttp(`${base}${path}`, { folder, log: () => {}, idleTimeout: 200 });
    await expect(fetching).rejects.toThrow(`cannot fetch ${base}${path}: no data arrived for 0.2 s`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are an error when no server listens', async () => {
    const source = `http://127.0.0.1:${await freePort()}/a.csv`;
    const fetching = downloadHttp(source, { folder, log: () => {} });
    await expect(fetching).rejects.toThrow(/: connect ECONNREFUSED/);
  });

  it('need content, a name or a type that tells the format', async () => {
    await expect(read('/untold')).rejects.toMatchObject({ code: 'TABLE_FORMAT', exitCode: 2 });
  });

  it.each(['http://me:pw@127.0.0.1/a.csv', 'http://'])('are not read from %s', (source) => {
    expect(() => downloadHttp(source, { folder, log: () => {} })).toThrow(
      expect.objectContaining({ code: 'ADDRESS_INVALID', exitCode: 2, message: expect.not.stringContaining('pw') }),
    );
  });
});
