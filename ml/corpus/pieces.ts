/**
 * Pieces of a table that can be read apart from each other, so that threads read them side by side.
 *
 * A piece ends where a row ends: at a line end, and in CSV with quotes after an even number of them, because RFC 4180 doubles
 * a quote inside a cell. A table with broken quotes is cut wrongly only behind the first broken row, which ends the
 * reading.
 */
import { MAX_RECORD_BYTES, recordsOf } from './delimited.ts';
import { jsonlRecordsOf } from './records.ts';
import { delimitedRow, jsonRow, type Layout, type OnBadRow, type TableRow } from './table.ts';

export type Piece = {
  bytes: Uint8Array<ArrayBuffer>;
  /** Of its first byte, from 1. */
  line: number;
  /** Whether it ends where a row ends. If not, that row is too long, and the reading ends. */
  whole: boolean;
};

const [LF, CR, NONE] = [10, 13, -1];

/** Cuts the text of a table (DataFile.text) behind the last row that ends in each chunk. */
export async function* cutPieces(chunks: AsyncIterable<Buffer>, layout: Layout): AsyncGenerator<Piece, void> {
  const isLines = layout.kind === 'lines';
  const quote = isLines ? NONE : (layout.dialect.quote?.charCodeAt(0) ?? NONE);
  let parts: Buffer[] = [];
  let held = 0;
  let isQuoted = false;
  let before = NONE;
  /** Line of the first byte that is held, and of the byte that is looked at. */
  let from = 1;
  let line = 1;
  for await (const chunk of chunks) {
    let end = -1;
    let lineOfEnd = line;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === quote) isQuoted = !isQuoted;
      if (byte === LF) {
        if (before !== CR || isLines) line++;
      } else if (byte === CR && !isLines) line++;
      if (!isQuoted) {
        if (byte === LF) {
          end = at + 1;
          lineOfEnd = line;
        } else if (before === CR && !isLines && byte !== quote && byte !== CR) {
          end = at;
          lineOfEnd = line;
        }
      }
      before = byte;
    }
    if (end > 0) {
      parts.push(chunk.subarray(0, end));
      yield { bytes: joined(parts), line: from, whole: true };
      parts = end < chunk.length ? [chunk.subarray(end)] : [];
      held = chunk.length - end;
      from = lineOfEnd;
    } else if (!isLines || held <= MAX_RECORD_BYTES) {
      // The rest of a line of JSON that is too long is not kept.
      parts.push(chunk);
      held += chunk.length;
    }
    if (!isLines && held > MAX_RECORD_BYTES + 1) {
      yield { bytes: joined(parts), line: from, whole: false };
      return;
    }
  }
  if (held > 0) yield { bytes: joined(parts), line: from, whole: true };
}

/** A copy, so that a thread can take it over. */
function joined(parts: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * The rows of a piece, without header if it is the `first`. Errors call the table `name`. Throws CSV_QUOTES, RECORD_TOO_LONG and what
 * onBadRow throws.
 */
export function* rowsOfPiece(
  { bytes, line, whole }: Piece,
  layout: Layout,
  { name, first, onBadRow }: { name: string; first: boolean; onBadRow: OnBadRow },
): Generator<TableRow, void> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (layout.kind === 'lines') {
    for (const record of jsonlRecordsOf(buffer, line)) {
      const row = jsonRow(record, onBadRow);
      if (row) yield row;
    }
    return;
  }
  const { dialect, columns, unnamed } = layout;
  const header = columns.map((column) => Buffer.from(column));
  const cells = { columns, unnamed, delimiter: dialect.delimiter, onBadRow };
  let skip = first ? layout.skip : 0;
  for (const record of recordsOf(buffer, dialect, { name, line, header, whole })) {
    if (skip-- > 0) continue;
    const row = delimitedRow(record, cells);
    if (row) yield row;
  }
}
