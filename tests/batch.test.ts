/** `sentiment batch` on folders, and on S3 by moto, because AWS cannot be had here. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openS3 } from '../ml/s3.ts';
import { runCli } from './support/cli.ts';
import { type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';
import { createTestModel } from './support/service.ts';

let model: Awaited<ReturnType<typeof createTestModel>>;
let folder: string;

beforeAll(async () => {
  model = await createTestModel();
  folder = mkdtempSync(join(tmpdir(), 'batch-test-'));
});
afterAll(async () => {
  await model.remove();
  rmSync(folder, { recursive: true, force: true });
});

const tables = {
  'a.csv': 'id,text\n1,a wonderful film\n2,a dull and bad film\n',
  'b.tsv': 'id\ttext\n3\ta warm and good film\n',
  'c.jsonl': '{"id": 4, "text": "boring"}\n',
};

describe('on folders', () => {
  const from = () => join(folder, 'from');
  const to = () => join(folder, 'to');
  const call = (...more: string[]) => runCli(['batch', '--from', from(), '--to', to(), '--model', model.path, ...more]);

  beforeAll(() => {
    mkdirSync(from());
    for (const [name, text] of Object.entries(tables)) writeFileSync(join(from(), name), text);
    writeFileSync(join(from(), 'notes.md'), 'no table');
  });

  test('two shards share the tables, and what is done is left alone', async () => {
    const first = await call('--shards', '2', '--shard', '1');
    expect(first).toMatchObject({ code: 0 });
    expect(readdirSync(to())).toEqual(['b.tsv']);
    expect(readFileSync(join(to(), 'b.tsv'), 'utf8')).toMatch(
      /^id\ttext\tlabel\tprobability\n3\ta warm and good film\t\w+\t[\d.]+\n$/,
    );
    writeFileSync(join(to(), 'b.tsv'), 'mine');
    const rest = await call();
    expect(rest.stderr).toContain('3 tables in');
    expect(rest.stderr).toContain('1 done before');
    expect(readdirSync(to()).sort()).toEqual(['a.csv', 'b.tsv', 'c.jsonl']);
    expect(readFileSync(join(to(), 'b.tsv'), 'utf8')).toBe('mine');
  });

  test('a broken table ends it with a sentence; --keep-going lists its bad rows beside the result', async () => {
    writeFileSync(join(from(), 'd.csv'), 'id,text\n5,fine\n6\n7,good\n');
    const ended = await call();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(`${join(from(), 'd.csv')}:3`);
    expect(readdirSync(to())).not.toContain('d.csv');
    const going = await call('--keep-going');
    expect(going.code).toBe(0);
    expect(readFileSync(join(to(), 'd.csv.bad_rows.csv'), 'utf8')).toMatch(/^line,column,problem\n3,/);
    expect(readFileSync(join(to(), 'd.csv'), 'utf8').split('\n')).toHaveLength(4);
  });

  test.each([
    [['--shards', '2', '--shard', '2'], 2, 'there is no shard 2 of 2'],
    [['--to', 'FROM'], 2, '--from and --to are both'],
    [['--from', 'EMPTY'], 1, 'holds no table'],
  ])('%j is refused', async (more, code, sentence) => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    const given = more.map((each) => (each === 'FROM' ? from() : each === 'EMPTY' ? empty : each));
    const args: Record<string, string> = { '--from': from(), '--to': to(), '--model': model.path };
    for (let i = 0; i < given.length; i += 2) args[given[i]] = given[i + 1];
    const ended = await runCli(['batch', ...Object.entries(args).flat()]);
    expect(ended).toMatchObject({ code });
    expect(ended.stderr).toContain(sentence);
  });
});

describe.skipIf(!need('moto'))('on S3', () => {
  let moto: MotoServer;
  let s3: S3Client;

  beforeAll(async () => {
    moto = await startMoto();
    for (const [name, value] of Object.entries(moto.env)) vi.stubEnv(name, value);
    s3 = await openS3(process.env);
    await s3.send(new CreateBucketCommand({ Bucket: 'texts' }));
    for (const [name, Body] of Object.entries(tables)) {
      await s3.send(new PutObjectCommand({ Bucket: 'texts', Key: `in/${name}`, Body }));
    }
  });
  afterAll(async () => {
    s3?.destroy();
    vi.unstubAllEnvs();
    await moto?.stop();
  });

  test('tables are read from one prefix and written to another', async () => {
    const call = () => runCli(['batch', '--from', 's3://texts/in/', '--to', 's3://texts/out', '--model', model.path]);
    expect(await call()).toMatchObject({ code: 0 });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'texts', Key: 'out/a.csv' }));
    expect(await Body?.transformToString()).toMatch(/^id,text,label,probability\n1,a wonderful film,/);
    expect((await call()).stderr).toContain('3 done before');
  });

  test('a bucket that is not there is a sentence with its name', async () => {
    const ended = await runCli([
      'batch',
      '--from',
      's3://texts/in/',
      '--to',
      's3://absent/out/',
      '--model',
      model.path,
    ]);
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toContain('s3://absent/out/');
    expect(ended.stderr).toContain('there is no such bucket');
  });
});
