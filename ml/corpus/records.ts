/** Objects of a JSONL file or of a JSON array, with the lines they start on, in order, in constant memory. */
import { isUtf8 } from 'node:buffer';
import { MAX_RECORD, MAX_RECORD_BYTES } from './delimited.ts';
import { type RawRecord, rawRecord } from './raw_record.ts';

/** A fault of one row. The rows around it can still be trusted. */
export type RowProblem = {
  /** Number of the row's first line, from 1. */
  line: number;
  /** Name of the column or field, if the fault is in one. */
  column?: string;
  /** What is wrong, as the end of a sentence: "is not valid UTF-8". */
  problem: string;
};

export type JsonlRecord = { line: number; fields: Record<string, unknown>; raw: RawRecord };

const [TAB, LF, CR, SPACE, QUOTE, COMMA] = Buffer.from('\t\n\r ",');
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, BACKSLASH] = Buffer.from('[]{}\\');

/** "column "text" is not valid UTF-8". */
export function describeProblem({ column, problem }: RowProblem): string {
  return column === undefined ? problem : `column ${JSON.stringify(column)} ${problem}`;
}

/** The cell as text, or what is wrong with it. */
export function decodeCell(bytes: Buffer): { text: string } | { problem: string } {
  const text = bytes.toString('utf8');
  // A replacement character is either in the file or stands for bytes that are not UTF-8.
  if (text.includes('\ufffd') && !isUtf8(bytes)) return { problem: 'is not valid UTF-8' };
  if (text.includes('\0')) return { problem: 'holds a NUL character' };
  return { text };
}

/** Blank lines are skipped. A line that is too long is never held in memory. */
export async function* readJsonlRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<JsonlRecord | RowProblem, void> {
  let line = 0;
  for await (const bytes of readLines(chunks)) {
    line++;
    const record = bytes === 'too long' ? tooLongLine(line) : parseLine(bytes, line);
    if (record) yield record;
  }
}

/** The same for bytes that hold whole lines; the first has the number `line`. */
export function* jsonlRecordsOf(bytes: Buffer, line: number): Generator<JsonlRecord | RowProblem, void> {
  for (let start = 0, number = line; start < bytes.length; number++) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found + 1;
    const isTooLong = end - start > MAX_RECORD_BYTES;
    const record = isTooLong ? tooLongLine(number) : parseLine(bytes.subarray(start, end), number);
    if (record) yield record;
    start = end;
  }
}

function tooLongLine(line: number): RowProblem {
  return { line, problem: `the line is longer than ${MAX_RECORD}` };
}

/** Lines with their LF, if they have one. */
async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | 'too long', void> {
  let parts: Buffer[] = [];
  let length = 0;
  function add(part: Buffer): void {
    length += part.length;
    if (length <= MAX_RECORD_BYTES) parts.push(part);
    else parts = [];
  }
  function take(): Buffer | 'too long' {
    const taken = length > MAX_RECORD_BYTES ? 'too long' : parts.length === 1 ? parts[0] : Buffer.concat(parts);
    parts = [];
    length = 0;
    return taken;
  }
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      add(chunk.subarray(start, end + 1));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

function parseLine(bytes: Buffer, line: number, what = 'the line'): JsonlRecord | RowProblem | undefined {
  if (!isUtf8(bytes)) return { line, problem: `${what} is not valid UTF-8` };
  const raw = rawRecord(bytes);
  const json = raw.bytes.toString();
  if (json.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { line, problem: `${what} is not valid JSON: ${reasonOf(error)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
    return { line, problem: `${what} is ${kind}, not a JSON object` };
  }
  const fields = value as Record<string, unknown>;
  // Valid JSON can hold a NUL only as an escape.
  if (json.includes('\\u0000')) {
    const column = Object.keys(fields).find((key) => typeof fields[key] === 'string' && fields[key].includes('\0'));
    if (column !== undefined) return { line, column, problem: 'holds a NUL character' };
  }
  return { line, fields, raw };
}

/** What the bytes of a file that nobody named begin with: an object a line, an array of objects, or neither. */
export function jsonKindOf(head: Buffer): 'lines' | 'array' | undefined {
  const start = head.toString('utf8').trimStart();
  if (/^\[\s*(\{|\]\s*$)/.test(start)) return 'array';
  return /^\{\s*(\}|"(?:[^"\\\n]|\\.)*"\s*:)/.test(start) ? 'lines' : undefined;
}

/** The elements of one array. Line ends inside an element become spaces in its raw bytes, so that it fits on a line. */
export async function* readArrayRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<JsonlRecord | RowProblem, void> {
  let line = 1;
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let isOver = false;
  let element: { line: number; parts: Buffer[]; length: number } | undefined;
  function finish(): JsonlRecord | RowProblem | undefined {
    if (!element) return undefined;
    const { line: first, parts, length } = element;
    element = undefined;
    if (length > MAX_RECORD_BYTES) return { line: first, problem: `the element is longer than ${MAX_RECORD}` };
    const bytes = Buffer.concat(parts);
    for (let i = 0; i < bytes.length; i++) if (bytes[i] === LF || bytes[i] === CR) bytes[i] = SPACE;
    const record = parseLine(bytes, first, 'the element');
    return record && ('problem' in record ? record : { ...record, raw: { ...record.raw, lineEnd: '\n' } });
  }
  for await (const chunk of chunks) {
    let start = 0;
    const keep = (end: number): void => {
      if (!element) return;
      element.length += end - start;
      if (element.length <= MAX_RECORD_BYTES) element.parts.push(chunk.subarray(start, end));
    };
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === LF) line++;
      if (isEscaped) isEscaped = false;
      else if (inString) {
        if (byte === QUOTE) inString = false;
        else isEscaped = byte === BACKSLASH;
      } else if (byte === SPACE || byte === LF || byte === CR || byte === TAB) continue;
      else if (depth === 0) {
        if (isOver || byte !== OPEN_ARRAY) return yield { line, problem: 'text follows the end of the JSON array' };
        depth = 1;
      } else if (depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY)) {
        keep(i);
        const record = finish();
        if (record) yield record;
        isOver = byte === CLOSE_ARRAY;
        if (isOver) depth = 0;
      } else {
        if (!element) {
          element = { line, parts: [], length: 0 };
          start = i;
        }
        if (byte === QUOTE) inString = true;
        else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
        else if (depth > 1 && (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT)) depth--;
      }
    }
    keep(chunk.length);
  }
  if (!isOver) yield { line: element?.line ?? line, problem: 'the JSON array does not end: the file is cut off' };
}

/** JSON.parse's message without its "line 1", which is not the file's line. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ \(line 1 column \d+\)$/, '').slice(0, 160) : String(error);
}
