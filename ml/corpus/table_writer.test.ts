import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { TableRow } from './table.ts';
import type { TableSource } from './table_lines.ts';
import { openTableWriter } from './table_writer.ts';
import { temporaryFolder } from './testdata/temporary.ts';

const SOURCE: TableSource = {
  name: 'in',
  format: 'csv',
  columns: ['text'],
  header: undefined,
  delimiter: ',',
  mark: false,
  encoding: 'utf-8',
};

/** A row of SOURCE. */
function rowOf(text: string): TableRow {
  return { line: 1, row: { text }, raw: { bytes: Buffer.from(text), lineEnd: '\n' } };
}

describe('a table writer', () => {
  it('waits for a slow reader instead of buffering rows', async () => {
    const accepted: (() => void)[] = [];
    const slow = new Writable({ write: (_chunk, _encoding, callback) => void accepted.push(callback) });
    const writer = await openTableWriter(slow, { source: SOURCE, added: [] });
    let rows = 0;
    const writing = (async () => {
      for (; rows < 1000; rows++) await writer.write(rowOf('x'.repeat(10_000)), []);
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
    const writer = await openTableWriter(path, { source: SOURCE, added: [] });
    await writer.write(rowOf('a'), []);
    expect(existsSync(path)).toBe(false);
    await writer.finish();
    expect(readdirSync(folder)).toEqual(['a.jsonl']);
    expect(readFileSync(path, 'utf8')).toBe('{"text":"a"}\n');
  });

  it('does not exist after abort', async () => {
    const folder = temporaryFolder();
    const writer = await openTableWriter(join(folder, 'a.csv'), { source: SOURCE, added: [] });
    await writer.write(rowOf('a'), []);
    await writer.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is gzipped when its name ends in .gz', async () => {
    const path = join(temporaryFolder(), 'a.tsv.gz');
    const writer = await openTableWriter(path, { source: SOURCE, added: [] });
    await writer.write(rowOf('a\tb'), []);
    await writer.finish();
    expect(gunzipSync(readFileSync(path)).toString()).toBe('"a\tb"\n');
  });

  it('in a missing folder is an error', async () => {
    const path = join(temporaryFolder(), 'no', 'a.csv');
    const writer = await openTableWriter(path, { source: SOURCE, added: [] });
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(writer.write(rowOf('a'), [])).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that is a device is written to directly', async () => {
    const writer = await openTableWriter('/dev/null', { format: 'csv', source: SOURCE, added: [] });
    await writer.write(rowOf('a'), []);
    await writer.finish();
    expect(readdirSync('/dev').filter((name) => name.startsWith('null'))).toEqual(['null']);
  });
});
