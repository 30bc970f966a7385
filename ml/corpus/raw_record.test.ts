import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RawRecord } from './raw_record.ts';
import { readTable } from './table.ts';
import { collect } from './testdata/collect.ts';

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const csvCell = fc.constantFrom('a', ' b', '', '"q"', '"a ""b"",c"', '"two\r\nlines\n"', 'é😀', '""', '5.0');
const jsonLine = fc.constantFrom('{"a":5.0}', '{ "id" : 12345678901234567890, "a":"\\u00e9" } ', '{}', '{"a":[1, 2]}');

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function joined(records: (RawRecord | undefined)[]): string {
  return records.map((record) => (record ? record.bytes.toString() + record.lineEnd : '')).join('');
}

it.each(['csv', 'tsv'] as const)(
  'the raw records of %s are the file, however it is cut into chunks',
  async (format) => {
    const row = fc.tuple(csvCell, csvCell, lineEnd);
    const input = fc.record({ rows: fc.array(row), ended: fc.boolean(), mark: fc.boolean(), chunk: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(input, async ({ rows, ended, mark, chunk }) => {
        const delimiter = format === 'csv' ? ',' : '\t';
        const lines = [['a', 'b', '\n'], ...rows].map(([first, second, end]) => first + delimiter + second + end);
        const content = ended ? lines.join('') : lines.join('').replace(/[\r\n]+$/, '');
        const bytes = Buffer.from((mark ? '\ufeff' : '') + content);
        const table = await readTable(inChunks(bytes, chunk + 1), { format });
        expect(table.mark).toBe(mark);
        expect(joined([table.header, ...(await collect(table.rows)).map(({ raw }) => raw)])).toBe(content);
      }),
      { numRuns: 300 },
    );
  },
);

it('the raw records of JSONL are the file, without its blank lines', async () => {
  const line = fc.tuple(fc.oneof(jsonLine, fc.constant('  ')), fc.constantFrom('\n', '\r\n'));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.nat(9), async (lines, chunk) => {
      const all: [string, string][] = [['{"a":1}', '\n'], ...lines];
      const bytes = Buffer.from(all.flat().join(''));
      const table = await readTable(inChunks(bytes, chunk + 1), { format: 'jsonl' });
      const kept = all.filter(([json]) => json.trim() !== '');
      expect(joined((await collect(table.rows)).map(({ raw }) => raw))).toBe(kept.flat().join(''));
    }),
    { numRuns: 300 },
  );
});
