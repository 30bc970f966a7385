import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableFormat } from './data_file.ts';
import { readTable } from './table.ts';
import { openTableWriter } from './table_writer.ts';
import { collect } from './testdata/collect.ts';
import { temporaryFolder } from './testdata/temporary.ts';

type Row = Record<string, unknown>;

async function written(rows: Row[], columns: string[], format: TableFormat): Promise<string> {
  const stream = new PassThrough();
  const content = text(stream);
  const writer = await openTableWriter(stream, { format, columns });
  for (const row of rows) await writer.write(row);
  await writer.finish();
  stream.end();
  return content;
}

describe('a table writer', () => {
  it('quotes cells where necessary and writes other values as JSON', async () => {
    const rows = [
      { text: 'a "b", c', n: 0.5, tags: ['x'], none: null },
      { text: 'two\nlines', n: true },
    ];
    expect(await written(rows, ['text', 'n', 'tags', 'none'], 'csv')).toBe(
      'text,n,tags,none\n"a ""b"", c",0.5,"[""x""]",\n"two\nlines",true,,\n',
    );
    expect(await written(rows, ['text'], 'jsonl')).toBe(`${JSON.stringify(rows[0])}\n${JSON.stringify(rows[1])}\n`);
  });

  it('writes a header even when there are no rows', async () => {
    expect(await written([], ['a', 'b'], 'tsv')).toBe('a\tb\n');
  });

  // A NUL makes a row bad, and lone surrogates cannot be written as UTF-8.
  const cell = fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', ',', '\t', '\n', '\r', ' ', 'a', '\ufeff', '\ufffd', "'", '=') }),
    )
    .map((value) => value.toWellFormed().replaceAll('\0', ''));
  const table = fc.uniqueArray(cell, { minLength: 1, maxLength: 4 }).chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.array(fc.tuple(...columns.map(() => cell)).map((cells) => cells.map((value, i) => [columns[i], value]))),
    }),
  );

  it.each(['csv', 'tsv', 'jsonl'] as const)('writes %s that reads back equal', async (format) => {
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows }) => {
        const content = await written(
          rows.map((row) => Object.fromEntries(row)),
          columns,
          format,
        );
        if (format === 'jsonl' && rows.length === 0) {
          expect(content).toBe('');
          return;
        }
        const read = await readTable(streamOf(content), { format });
        if (format !== 'jsonl') expect(read.columns).toEqual(columns);
        const again = (await collect(read.rows)).map(({ row }) => Object.entries(row));
        expect(again.map((entries) => Object.fromEntries(entries))).toEqual(rows.map((row) => Object.fromEntries(row)));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a field that is not in the header', async () => {
    await expect(written([{ a: 1, b: 2 }], ['a'], 'csv')).rejects.toMatchObject({
      code: 'COLUMN_UNEXPECTED',
      message: expect.stringContaining('the field "b"'),
    });
  });

  it('waits for a slow reader instead of buffering rows', async () => {
    const accepted: (() => void)[] = [];
    const slow = new Writable({ write: (_chunk, _encoding, callback) => void accepted.push(callback) });
    const writer = await openTableWriter(slow, { format: 'jsonl', columns: [] });
    let rows = 0;
    const writing = (async () => {
      for (; rows < 1000; rows++) await writer.write({ text: 'x'.repeat(10_000) });
      await writer.finish();
    })();
    // As long as nothing is taken, no more than the streams' buffers fill.
    await expect.poll(() => accepted.length).toBe(1);
    expect(rows).toBeLessThan(50);
    const taking = setInterval(() => accepted.splice(0).map((callback) => callback()));
    await writing;
    clearInterval(taking);
    expect(rows).toBe(1000);
  });
});

describe('a table file', () => {
  it('has its name only when it is complete', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.jsonl');
    const writer = await openTableWriter(path, { columns: [] });
    await writer.write({ text: 'a' });
    expect(existsSync(path)).toBe(false);
    await writer.finish();
    expect(readdirSync(folder)).toEqual(['a.jsonl']);
    expect(readFileSync(path, 'utf8')).toBe('{"text":"a"}\n');
  });

  it('does not exist after abort', async () => {
    const folder = temporaryFolder();
    const writer = await openTableWriter(join(folder, 'a.csv'), { columns: ['text'] });
    await writer.write({ text: 'a' });
    await writer.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is gzipped when its name ends in .gz', async () => {
    const path = join(temporaryFolder(), 'a.tsv.gz');
    const writer = await openTableWriter(path, { columns: ['text'] });
    await writer.write({ text: 'a\tb' });
    await writer.finish();
    expect(gunzipSync(readFileSync(path)).toString()).toBe('text\n"a\tb"\n');
  });

  it('in a missing folder is an error', async () => {
    const path = join(temporaryFolder(), 'no', 'a.csv');
    const writer = await openTableWriter(path, { columns: ['text'] });
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(writer.write({ text: 'a' })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that is a device is written to directly', async () => {
    const writer = await openTableWriter('/dev/null', { format: 'csv', columns: ['text'] });
    await writer.write({ text: 'a' });
    await writer.finish();
    expect(readdirSync('/dev').filter((name) => name.startsWith('null'))).toEqual(['null']);
  });
});

async function* streamOf(content: string): AsyncGenerator<Buffer> {
  yield Buffer.from(content);
}
