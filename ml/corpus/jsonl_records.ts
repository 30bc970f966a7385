/** Objects of a JSONL stream with their lines, in order, in constant memory. Blank lines are skipped. */
import { isUtf8 } from 'node:buffer';
import type { RowProblem } from './row_problem.ts';

export type JsonlRecord = { line: number; fields: Record<string, unknown> };

/** A longer line is left out as a bad row, without being held in memory. */
export const MAX_LINE_BYTES = 1 << 24;

const LF = 10;
const CR = 13;

export async function* readJsonlRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<JsonlRecord | RowProblem, void> {
  let line = 0;
  for await (const bytes of readLines(chunks)) {
    line++;
    const record = bytes === 'too long' ? tooLong(line) : parseLine(bytes, line);
    if (record) yield record;
  }
}

async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | 'too long', void> {
  let parts: Buffer[] = [];
  let length = 0;
  function add(part: Buffer): void {
    length += part.length;
    if (length <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  }
  function take(): Buffer | 'too long' {
    const taken = length > MAX_LINE_BYTES ? 'too long' : parts.length === 1 ? parts[0] : Buffer.concat(parts);
    parts = [];
    length = 0;
    return taken;
  }
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

function parseLine(bytes: Buffer, line: number): JsonlRecord | RowProblem | undefined {
  if (!isUtf8(bytes)) return { line, problem: 'the line is not valid UTF-8' };
  const json = bytes.toString('utf8', 0, bytes.at(-1) === CR ? bytes.length - 1 : bytes.length);
  if (json.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { line, problem: `the line is not valid JSON: ${reasonOf(error)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
    return { line, problem: `the line is ${what}, not a JSON object` };
  }
  const fields = value as Record<string, unknown>;
  // A NUL can only be escaped here: plain, it is no valid JSON.
  if (json.includes('\\u0000')) {
    const column = Object.keys(fields).find((key) => typeof fields[key] === 'string' && fields[key].includes('\0'));
    if (column !== undefined) return { line, column, problem: 'holds a NUL character' };
  }
  return { line, fields };
}

/** JSON.parse's own words, without the place in a "line 1" that is not the file's. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ \(line 1 column \d+\)$/, '').slice(0, 160) : String(error);
}

function tooLong(line: number): RowProblem {
  return { line, problem: `the line is longer than ${MAX_LINE_BYTES / 2 ** 20} MiB` };
}
