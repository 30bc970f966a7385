import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { openDataFile } from './data_file.ts';
import { MAX_RECORD_BYTES } from './delimited.ts';
import { cutPieces, rowsOfPiece } from './pieces.ts';
import type { RowProblem } from './records.ts';
import { readTable, type TableOptions, type TableRow } from './table.ts';

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

type Read = { rows: TableRow[]; bad: RowProblem[]; error?: string };

async function readWhole(bytes: Buffer, options: TableOptions): Promise<Read> {
  const read: Read = { rows: [], bad: [] };
  try {
    const table = await readTable(inChunks(bytes, 1 << 16), { ...options, onBadRow: (row) => read.bad.push(row) });
    for await (const row of table.rows) read.rows.push(row);
  } catch (error) {
    read.error = String(error);
  }
  return read;
}

async function readPieces(bytes: Buffer, chunk: number, options: TableOptions): Promise<Read> {
  const read: Read = { rows: [], bad: [] };
  const { name = '' } = options;
  const { layout, close } = await readTable(inChunks(bytes, 1 << 16), { ...options, onBadRow: () => {} });
  await close();
  if (!layout) throw new Error('the table cannot be cut');
  try {
    const { text } = await openDataFile(inChunks(bytes, 1 << 16), name);
    // The text comes in other chunks than the file.
    const chunks = async function* () {
      for await (const part of text) yield* inChunks(part, chunk);
    };
    let first = true;
    for await (const piece of cutPieces(chunks(), layout)) {
      const onBadRow = (row: RowProblem) => read.bad.push(row);
      for (const row of rowsOfPiece(piece, layout, { name, first, onBadRow })) read.rows.push(row);
      first = false;
    }
  } catch (error) {
    read.error = String(error);
  }
  return read;
}

const CELLS = [
  '',
  'dull',
  '"a ""joy"""',
  '"two\nlines"',
  '"two\r\nlines, and a comma"',
  '"\r"',
  'caf\u00e9',
  '"\ud83d\ude00"',
];

function randomTable(seed: number, lineEnds: readonly string[]): Buffer {
  const random = createRandom(seed);
  const oneOf = (items: readonly string[]) => items[Math.floor(random() * items.length)];
  let text = `id,text${oneOf(lineEnds)}`;
  for (let row = 0; row < 40; row++) {
    text += `${row},${oneOf(CELLS)}${random() < 0.1 ? ',too many' : ''}${oneOf(lineEnds)}${random() < 0.1 ? oneOf(lineEnds) : ''}`;
  }
  return Buffer.from(random() < 0.5 ? text : `${text}41,"last"`);
}

test('pieces of a table have its rows, lines and bad rows, wherever chunks end', async () => {
  for (let seed = 0; seed < 60; seed++) {
    const lineEnds = [['\n'], ['\r\n'], ['\r'], ['\n', '\r\n', '\r']][seed % 4];
    const bytes = randomTable(seed, lineEnds);
    const whole = await readWhole(bytes, { name: 'a.csv' });
    expect(whole.rows.length).toBeGreaterThan(20);
    for (const chunk of [1, 2, 7, 50, 10_000]) expect(await readPieces(bytes, chunk, { name: 'a.csv' })).toEqual(whole);
  }
});

test('pieces of lines of JSON do, too', async () => {
  const lines = [
    '{"text":"a\\n\\"b"}',
    '',
    '{"text":2}\r',
    'no json',
    '  ',
    '{"text":"\u2028"}',
    '[1]',
    '{"text":"end"}',
  ];
  const bytes = Buffer.from(lines.join('\n'));
  const whole = await readWhole(bytes, { name: 'a.jsonl' });
  expect([whole.rows.length, whole.bad.length]).toEqual([4, 2]);
  for (const chunk of [1, 3, 20, 1000]) expect(await readPieces(bytes, chunk, { name: 'a.jsonl' })).toEqual(whole);
});

test('the rows before broken quotes are the same, and so is the error', async () => {
  for (const broken of ['a"b', '"a"b', '"never closed, \n5,x\n6,"y"']) {
    const bytes = Buffer.from(`id,text\n1,"one"\n2,"two\n"\n3,${broken}\n4,"four"\n5,five\n`);
    const whole = await readWhole(bytes, { name: 'a.csv' });
    expect(whole.error).toContain('a.csv:5');
    for (const chunk of [1, 5, 1000]) expect(await readPieces(bytes, chunk, { name: 'a.csv' })).toEqual(whole);
  }
});

test('a row that does not end is not held beyond the limit', async () => {
  const long = 'x'.repeat(MAX_RECORD_BYTES + 10);
  const csv = Buffer.from(`id,text\n1,one\n2,"${long}${long}${long}`);
  const whole = await readWhole(csv, { name: 'a.csv' });
  expect(whole.error).toContain('a.csv:3: the row that starts here does not end');
  expect(await readPieces(csv, 1 << 20, { name: 'a.csv' })).toEqual(whole);
  const json = Buffer.from(`{"text":"a"}\n{"text":"${long}${long}"}\n{"text":"b"}\n`);
  const read = await readPieces(json, 1 << 20, { name: 'a.jsonl' });
  expect(read).toEqual(await readWhole(json, { name: 'a.jsonl' }));
  expect(read.bad).toMatchObject([{ line: 2 }]);
});
