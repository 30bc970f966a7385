/**
 * Records of a CSV or TSV stream with the lines they start in, in order, in constant memory (csv-parse does the parsing).
 *
 * Broken quotes end the reading: after one, nobody can say where the next row starts.
 */
import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream';
import { CsvError, Parser } from 'csv-parse';
import { SentimentError } from '../errors.ts';
import { LineCounter } from './line_counter.ts';
import { DELIMITERS } from './table_format.ts';

export type CsvRecord = {
  /** Line of the record's first byte, from 1. */
  line: number;
  /** Bytes of each cell, quotes removed. */
  cells: Buffer[];
};

/** About 16 MiB: a longer record is a quote that was never closed, or no table. */
export const MAX_RECORD_BYTES = 1 << 24;

/** `name` is what errors call the stream. Throws CSV_QUOTES or RECORD_TOO_LONG, with file, line and column. */
export async function* readCsvRecords(
  chunks: AsyncIterable<Buffer>,
  format: 'csv' | 'tsv',
  name: string,
): AsyncGenerator<CsvRecord, void> {
  const lines = new LineCounter();
  let fed = 0;
  // Where the last whole record ended.
  let end = 0;
  let header: Buffer[] | undefined;

  async function* watched(): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunks) {
      fed += chunk.length;
      if (fed - end > MAX_RECORD_BYTES) throw tooLong(`${name}:${lines.lineAt(end)}`);
      lines.add(chunk);
      yield chunk;
    }
  }

  const parser = new Parser({
    delimiter: DELIMITERS[format],
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: format === 'tsv',
    relax_column_count: true,
    skip_empty_lines: true,
    // Cells stay bytes, so that it can be told whether they are UTF-8.
    encoding: null,
    on_record(cells, { bytes }) {
      const line = lines.lineAt(end);
      end = bytes;
      // Here and not below, where records before an error in the same chunk never come.
      header ??= cells as unknown as Buffer[];
      // The declared types know neither cells of bytes nor records that are no lists.
      return { line, cells } as unknown as string[];
    },
  });
  pipeline(watched(), parser, () => {});
  try {
    yield* parser as AsyncIterable<CsvRecord>;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw quoteError(error, `${name}:${lines.lineAt(end)}`, header);
  }
}

/** The cell as text, or what is wrong with it. */
export function decodeCell(bytes: Buffer): { text: string } | { problem: string } {
  const text = bytes.toString('utf8');
  // A replacement character is either in the file or stands for bytes that are no UTF-8.
  if (text.includes('\ufffd') && !isUtf8(bytes)) return { problem: 'is not valid UTF-8' };
  if (text.includes('\0')) return { problem: 'holds a NUL character' };
  return { text };
}

function tooLong(where: string): SentimentError {
  return new SentimentError(
    'RECORD_TOO_LONG',
    `${where}: the row that starts here has no end within ${MAX_RECORD_BYTES / 2 ** 20} MiB`,
    { next: 'look for a quote that is opened there and never closed' },
  );
}

function quoteError(error: CsvError, where: string, header: Buffer[] | undefined): SentimentError {
  const problems: Record<string, string> = {
    CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
    CSV_INVALID_CLOSING_QUOTE: 'goes on after its closing quote',
    INVALID_OPENING_QUOTE: 'has a quote in its middle, but is not quoted itself',
  };
  const index = Number(error.column);
  const column = header?.[index] ? JSON.stringify(header[index].toString('utf8')) : `${index + 1}`;
  return new SentimentError(
    'CSV_QUOTES',
    `${where}: column ${column} of the row that starts here ${problems[error.code] ?? 'is broken'}`,
    { cause: error, next: 'put the whole cell in quotes and write each quote inside as two, as RFC 4180 has it' },
  );
}
