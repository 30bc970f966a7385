import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { gatherReviews } from '../ml/corpus/corpus.ts';
import { downloadS3 } from '../ml/corpus/download.ts';
import { settings } from '../ml/corpus/testdata/settings.ts';
import { type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';

describe.skipIf(!need('moto'))('texts in S3', () => {
  let moto: MotoServer;
  let folder: string;
  let lines: string[];
  const options = () => ({ folder, log: (line: string) => void lines.push(line) });

  beforeAll(async () => {
    moto = await startMoto();
    for (const [name, value] of Object.entries(moto.env)) vi.stubEnv(name, value);
    const s3 = new S3Client({ forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'reviews' }));
    const rows = Array.from({ length: 5000 }, (_, i) => `text ${i},${i % 2 ? 'positive' : 'negative'}\n`);
    const table = `text,label\n${rows.join('')}`;
    for (const [Key, Body] of [
      ['2026/all.csv', Buffer.from(table)],
      ['2026/all.csv.gz', gzipSync(table)],
      ['empty.csv', Buffer.alloc(0)],
    ] as const) {
      await s3.send(new PutObjectCommand({ Bucket: 'reviews', Key, Body }));
    }
    s3.destroy();
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await moto?.stop();
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 's3-'));
    lines = [];
  });

  afterEach(() => rm(folder, { recursive: true }));

  it.each(['s3://reviews/2026/all.csv', 's3://reviews/2026/all.csv.gz'])('are read from %s', async (source) => {
    const reviews = await gatherReviews({ ...settings, source }, options());
    expect(reviews).toHaveLength(5000);
    expect(reviews[4999]).toEqual({ id: '5001', text: 'text 4999', label: 1, domain: 'all' });
    expect(lines.slice(0, 2)).toEqual([`fetching ${source} ...`, `${source}: 5,000 read, 5,000 kept, 0 left out`]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are read from all tables whose keys begin alike, by name, one after the other', async () => {
    const s3 = new S3Client({ forcePathStyle: true });
    for (const [Key, Body] of [
      ['said/2026-12-02.jsonl', '{"text":"fine","label":"positive"}\n'],
      ['said/2026-12-01.jsonl', '{"text":"dull","label":"negative","note":"x"}\n{"text":"good","label":"positive"}\n'],
      ['said/empty.jsonl', ''],
      ['said/readme.txt', 'no table'],
      ['said/below/other.jsonl', '{"text":"other","label":"positive"}\n'],
    ]) {
      await s3.send(new PutObjectCommand({ Bucket: 'reviews', Key, Body }));
    }
    s3.destroy();
    const reviews = await gatherReviews({ ...settings, source: 's3://reviews/said/' }, options());
    expect(reviews.map(({ id, text, label }) => [id, text, label])).toEqual([
      ['2026-12-01.jsonl/1', 'dull', 0],
      ['2026-12-01.jsonl/2', 'good', 1],
      ['2026-12-02.jsonl/1', 'fine', 1],
    ]);
    expect(readdirSync(folder)).toEqual([]);
    await expect(gatherReviews({ ...settings, source: 's3://reviews/none/' }, options())).rejects.toMatchObject({
      code: 'SOURCE_EMPTY',
      message: 's3://reviews/none/ holds no table (.csv, .tsv or .jsonl) with a row',
    });
  });

  it('are in a temporary file until it is removed', async () => {
    const file = await downloadS3('s3://reviews/2026/all.csv', options());
    expect(file).toMatchObject({ fileName: 'all.csv', name: 's3://reviews/2026/all.csv' });
    expect(readFileSync(file.path, 'utf8')).toMatch(/^text,label\ntext 0,negative\n/);
    file.remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['s3://reviews/no.csv', 'there is no such object in the bucket'],
    ['s3://nowhere/a.csv', 'there is no such bucket'],
    ['s3://nowhere/said/', 'there is no such bucket'],
  ])('that do not exist, like %s, are an error', async (source, reason) => {
    await expect(gatherReviews({ ...settings, source }, options())).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: `cannot fetch ${source}: ${reason}`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('need credentials', async () => {
    const names = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_EC2_METADATA_DISABLED: 'true' };
    const nowhere = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'), AWS_CONFIG_FILE: join(folder, 'none') };
    for (const [name, value] of Object.entries({ ...names, ...nowhere })) vi.stubEnv(name, value);
    try {
      await expect(downloadS3('s3://reviews/2026/all.csv', options())).rejects.toThrow('no AWS credentials were found');
    } finally {
      for (const [name, value] of Object.entries(moto.env)) vi.stubEnv(name, value);
    }
  });

  it('must not be empty', async () => {
    await expect(downloadS3('s3://reviews/empty.csv', options())).rejects.toThrow('s3://reviews/empty.csv is empty');
  });

  it.each(['s3://reviews', 's3:///key', 's3:///'])('must be named as an object, not as %s', async (source) => {
    await expect(gatherReviews({ ...settings, source }, options())).rejects.toMatchObject({
      code: 'ADDRESS_INVALID',
      exitCode: 2,
    });
  });
});
