/** Tables as nobody would write them: what comes in comes out, or an error says where it is. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SentimentError } from '../errors.ts';
import type { ReadingOptions } from './dialect.ts';
import { readTable } from './table.ts';
import { collect } from './testdata/collect.ts';

/** 2,000 tables in all; RANDOM_TABLES=100000 is the long proof. */
const RUNS = Number(process.env.RANDOM_TABLES ?? 2000) / 2;

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const ENCODINGS: Record<string, (text: string) => Buffer> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-16le': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'utf-16be': (text) => Buffer.from(text, 'utf16le').swap16(),
  'windows-1252': (text) => Buffer.from(text.replaceAll('’', '\x92').replaceAll('😀', '\x80'), 'latin1'),
};

const cell = fc.string({
  unit: fc.constantFrom('a', 'é', '’', '😀', ' ', '"', "'", '\\', ',', ';', '\t', '\n', '\r\n', '{'),
});
const dialect = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|', '\x01'),
  quote: fc.constantFrom('"', "'"),
  escape: fc.constantFrom('none', '\\'),
  encoding: fc.constantFrom(...Object.keys(ENCODINGS)),
});

it('a table whose dialect is given comes out as it was written', async () => {
  const rows = fc
    .integer({ min: 1, max: 4 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }));
  const layout = fc.record({ lineEnd: fc.constantFrom('\n', '\r\n', '\r'), chunk: fc.integer({ min: 1, max: 99 }) });
  await fc.assert(
    fc.asyncProperty(rows, dialect, layout, async (cells, reading, { lineEnd, chunk }) => {
      const written = cells.map((row) => row.map((text) => quoted(text, reading)).join(reading.delimiter) + lineEnd);
      const bytes = ENCODINGS[reading.encoding](written.join(''));
      const table = await readTable(inChunks(bytes, chunk), { format: 'csv', reading: { ...reading, header: 'none' } });
      const read = await collect(table.rows);
      const sent = (text: string) => (reading.encoding === 'windows-1252' ? text.replaceAll('😀', '€') : text);
      expect(read.map(({ row }) => Object.values(row))).toEqual(cells.map((row) => row.map(sent)));
      expect(read.map(({ raw }) => raw.bytes.toString() + raw.lineEnd).join('')).toBe(sent(written.join('')));
      const lines = written.map(
        (_, i) =>
          written
            .slice(0, i)
            .join('')
            .split(/\r\n|\r|\n/).length,
      );
      expect(read.map(({ line }) => line)).toEqual(lines);
    }),
    { numRuns: RUNS },
  );
});

function quoted(text: string, { quote = '"', escape: sign = 'none' }: ReadingOptions): string {
  if (/^[aé 😀]+$/u.test(text)) return text;
  if (sign === 'none') return quote + text.replaceAll(quote, quote + quote) + quote;
  return quote + text.replaceAll(sign, sign + sign).replaceAll(quote, sign + quote) + quote;
}

it('any bytes under any name are read or refused in a sentence', async () => {
  const piece = fc.oneof(
    fc.constantFrom('"', '""', ',', ';', '\t', '\n', '\r', '\\', 'text', '1', ' ', '{', '}', '[', ']', '{"text":', ':'),
    fc.constantFrom('\ufeff', 'é', 'PK\x03\x04', '\x1f\x8b\x08', '\0', '<html>', '\n\n'),
  );
  const content = fc.oneof(
    fc.array(piece, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(''))),
    fc.array(piece, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  const given = fc.record(
    {
      ...Object.fromEntries(
        ['delimiter', 'quote', 'escape'].map((key) => [key, fc.constantFrom('tab', '"', ',', '\\', 'none')]),
      ),
    },
    { requiredKeys: [] },
  );
  const name = fc.constantFrom('a.csv', 'a.tsv', 'a.jsonl', 'a.json', 'a.csv.gz', 'a.zip', 'a');
  const limits = fc.record({ chunk: fc.integer({ min: 1, max: 99 }), name, reading: given });
  await fc.assert(
    fc.asyncProperty(content, limits, async (bytes, { chunk, reading, name: called }) => {
      const bad: string[] = [];
      try {
        const table = await readTable(inChunks(bytes, chunk), {
          name: called,
          reading,
          onBadRow: ({ line, problem }) => bad.push(`${line} ${problem}`),
        });
        let line = 0;
        for await (const row of table.rows) {
          expect(row.line).toBeGreaterThanOrEqual(line);
          ({ line } = row);
        }
      } catch (error) {
        if (!(error instanceof SentimentError)) throw error;
        bad.push(`${error.message} ${error.next}`);
      }
      for (const sentence of bad) expect(sentence).not.toMatch(/\[object|Buffer|undefined is|\bat .*:\d+:\d+/);
    }),
    { numRuns: RUNS },
  );
});
