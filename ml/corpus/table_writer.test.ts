import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openTableWriter } from './table_writer.ts';
import { temporaryFolder } from './testdata/temporary.ts';

const opening = Buffer.alloc(0);

describe('a table writer', () => {
  it('waits for a slow reader instead of buffering rows', async () => {
    const accepted: (() => void)[] = [];
    const slow = new Writable({ write: (_chunk, _encoding, callback) => void accepted.push(callback) });
    const writer = await openTableWriter(slow, { opening });
    let rows = 0;
    const writing = (async () => {
      for (; rows < 1000; rows++) await writer.write(Buffer.from('x'.repeat(10_000)));
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
    const writer = await openTableWriter(path, { opening });
    await writer.write(Buffer.from('a\n'));
    expect(existsSync(path)).toBe(false);
    await writer.finish();
    expect(readdirSync(folder)).toEqual(['a.jsonl']);
    expect(readFileSync(path, 'utf8')).toBe('a\n');
  });

  it('does not exist after abort', async () => {
    const folder = temporaryFolder();
    const writer = await openTableWriter(join(folder, 'a.csv'), { opening });
    await writer.write(Buffer.from('a\n'));
    await writer.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is gzipped when its name ends in .gz', async () => {
    const path = join(temporaryFolder(), 'a.tsv.gz');
    const writer = await openTableWriter(path, { opening: Buffer.from('text\n') });
    await writer.write(Buffer.from('a\n'));
    await writer.finish();
    expect(gunzipSync(readFileSync(path)).toString()).toBe('text\na\n');
  });

  it('in a missing folder is an error', async () => {
    const path = join(temporaryFolder(), 'no', 'a.csv');
    const writer = await openTableWriter(path, { opening });
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(writer.write(Buffer.from('a\n'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that is a device is written to directly', async () => {
    const writer = await openTableWriter('/dev/null', { opening });
    await writer.write(Buffer.from('a\n'));
    await writer.finish();
    expect(readdirSync('/dev').filter((name) => name.startsWith('null'))).toEqual(['null']);
  });
});
