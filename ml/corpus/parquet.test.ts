import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readTable } from './table.ts';
import { collect } from './testdata/collect.ts';
import { temporaryFile } from './testdata/temporary.ts';

// Written by pyarrow 25: three rows in two row groups, packed in six ways.
const file = (codec: string) => readFileSync(new URL(`testdata/parquet/${codec}.parquet`, import.meta.url));

it.each([
  ['without packing', file('none')],
  ['packed with Snappy', file('snappy')],
  ['packed with gzip', file('gzip')],
  ['packed with Brotli', file('brotli')],
  ['packed with Zstandard', file('zstd')],
  ['in gzip', gzipSync(file('snappy'))],
])('a Parquet file %s is read under any name, with all digits, dates and bytes', async (_, content) => {
  const table = await readTable(temporaryFile('a.csv', content), { format: 'csv' });
  expect(table).toMatchObject({ format: 'jsonl', note: 'read as Parquet', encoding: 'utf-8' });
  const rows = await collect(table.rows);
  expect(rows.map(({ line }) => line)).toEqual([1, 2, 3]);
  const plain = rows.map(({ row }) => ({ ...row }));
  expect(plain.slice(0, 2)).toEqual([
    {
      id: '1234567890123456789',
      text: 'good film',
      stars: 5,
      when: '2026-01-02T03:04:05.000Z',
      tags: ['a', 'b'],
      raw: '/wA=',
      u64: '9223372036854775809',
      ok: true,
      dec: 1.1,
    },
    { id: 2, text: 'bad "film",\nvery', stars: 1.5, when: null, tags: [], raw: 'ok', u64: 0, ok: false, dec: null },
  ]);
  expect(plain[2]).toEqual({ ...plain[2], id: 3, text: null, stars: null, raw: null });
});

it('a packing that cannot be read is named', async () => {
  await expect(readTable(temporaryFile('a.parquet', file('lz4')))).rejects.toMatchObject({
    code: 'FILE_FOREIGN',
    message: expect.stringContaining('a.parquet is a Parquet file packed with LZ4_RAW'),
    next: expect.stringContaining('SNAPPY'),
  });
});

it.each([
  ['cut off', file('snappy').subarray(0, 1000)],
  ['a name only', Buffer.from('PAR1....PAR1')],
  ['damaged in its rows', Buffer.from(file('gzip')).fill(0, 4, 200)],
])('a Parquet file that is %s is told as damaged', async (_, content) => {
  const table = readTable(temporaryFile('a.parquet', content)).then(({ rows }) => collect(rows));
  await expect(table).rejects.toMatchObject({
    code: 'FILE_DAMAGED',
    message: expect.stringContaining('a.parquet is a Parquet file whose data cannot be read'),
  });
});
