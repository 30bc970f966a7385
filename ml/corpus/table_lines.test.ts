import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableFormat } from './data_file.ts';
import type { ReadingOptions } from './dialect.ts';
import { encoderOf } from './encode.ts';
import { readTable } from './table.ts';
import { type AddedValue, tableLines, writtenValues } from './table_lines.ts';
import { collect } from './testdata/collect.ts';

async function* chunkOf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

type Call = {
  from?: TableFormat;
  to?: TableFormat;
  added?: Record<string, AddedValue>;
  spreadsheetSafe?: boolean;
  reading?: ReadingOptions;
};

/** The table with `added` behind each row. */
async function converted(content: string, call: Call = {}): Promise<string> {
  const { from = 'csv', to = from, added = { label: 'positive' }, spreadsheetSafe = false, reading = {} } = call;
  const source = await readTable(chunkOf(Buffer.from(content)), { format: from, name: 'in', reading });
  const lines = tableLines({ source, added: Object.keys(added), format: to, spreadsheetSafe });
  const rows = await collect(source.rows);
  const bytes = [lines.opening, ...rows.map((row) => lines.lineOf(row, Object.values(added)))];
  return Buffer.concat(bytes).toString();
}

describe('a table in its own format', () => {
  it('keeps quotes, spaces, byte order mark, line ends and a missing last one', async () => {
    const csv = '\ufeff"id", "text"\r\n"007","good"\r\n1,=SUM(A1)\n2,"two\r\nlines ""x"""';
    expect(await converted(csv.replace(' "text"', 'text'))).toBe(
      '\ufeff"id",text,label\r\n"007","good",positive\r\n1,=SUM(A1),positive\n2,"two\r\nlines ""x""",positive',
    );
  });

  it.each(['windows-1252', 'utf-16le'] as const)('keeps %s', async (encoding) => {
    const encode = encoderOf(encoding)!;
    const mark = encoding === 'utf-16le' ? '\ufeff' : '';
    const rows = 'id,text\n1,café “noir”\n2,€ 5\n'.repeat(3);
    const source = await readTable(chunkOf(encode(Buffer.from(mark + rows))), { format: 'csv', reading: { encoding } });
    const lines = tableLines({ source, added: ['n'], format: 'csv', spreadsheetSafe: false });
    const bytes = [lines.opening, ...(await collect(source.rows)).map((row) => lines.lineOf(row, [1]))];
    const expected = mark + rows.replaceAll('\n', ',1\n').replace(',1', ',n');
    expect(Buffer.concat(bytes)).toEqual(encode(Buffer.from(expected)));
  });

  it('keeps TSV with quotes as letters', async () => {
    expect(await converted('a\tb\n5" disk\t"x" y\n', { from: 'tsv' })).toBe('a\tb\tlabel\n5" disk\t"x" y\tpositive\n');
  });

  it('keeps JSON as it is written, and leaves an empty object valid', async () => {
    const lines = ['{"id": 1234567890123456789, "score": 5.0, "t":"\\u00e9" }\r', '{}', '{ "a" : {"b":[1e2]} }  '];
    expect((await converted(lines.join('\n'), { from: 'jsonl', added: { label: 'x', p: 0.5 } })).split('\n')).toEqual([
      '{"id": 1234567890123456789, "score": 5.0, "t":"\\u00e9","label":"x","p":0.5 }\r',
      '{"label":"x","p":0.5}',
      '{ "a" : {"b":[1e2]},"label":"x","p":0.5 }  ',
    ]);
  });

  // Cells that the format reads as themselves, quoted or not.
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((text) => `"${text.replaceAll(/[\0"]/g, '""')}"`),
    fc.string({ unit: fc.constantFrom('a', 'é', ' ', '5', '.', "'", '=', '😀', '\ufffd'), minLength: 1 }),
  );
  const line = (cells: string[], end: string, delimiter: string) => cells.join(delimiter) + end;
  const tables = fc
    .record({
      mark: fc.constantFrom('', '\ufeff'),
      rows: fc.array(fc.tuple(cell, cell, fc.constantFrom('\n', '\r\n', '\r'))),
    })
    .filter(({ rows }) => rows.every(([first]) => first !== ''));

  it.each(['csv', 'tsv'] as const)('%s without the added column is the input, byte for byte', async (format) => {
    const delimiter = format === 'csv' ? ',' : '\t';
    await fc.assert(
      fc.asyncProperty(tables, async ({ mark, rows }) => {
        const content = (added: string[]) =>
          mark +
          line(['a', 'b', ...added], '\r\n', delimiter) +
          rows.map(([a, b, end]) => line([a, b, ...added], end, delimiter)).join('');
        expect(await converted(content([]), { from: format, added: { 'l l': 'l l' } })).toBe(content(['l l']));
      }),
      { numRuns: 300 },
    );
  });

  it('any JSON object is a prefix of what comes out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), async (object, indent) => {
        const json = JSON.stringify(object, null, ' '.repeat(indent)).replaceAll('\n', '');
        const out = await converted(`${json}\n`, { from: 'jsonl', added: { '\0new': 1 } });
        expect(out.replace(/,?"\\u0000new":1/, '')).toBe(`${json}\n`);
        expect(JSON.parse(out)).toEqual({ ...JSON.parse(json), '\0new': 1 });
      }),
      { numRuns: 300 },
    );
  });
});

describe('a table in another format', () => {
  it('keeps numbers of any length and nested values as they are written', async () => {
    const json = '{"id": 1234567890123456789, "score": 5.0, "n": null, "tags": ["x", 1.50], "t": "a, \\"b\\""}\n';
    expect(await converted(json, { from: 'jsonl', to: 'csv' })).toBe(
      'id,score,n,tags,t,label\n1234567890123456789,5.0,,"[""x"", 1.50]","a, ""b""",positive\n',
    );
  });

  it('keeps byte order mark and line ends, except in JSON, which has neither', async () => {
    const csv = '\ufefftext,n\r\na\tb,5.0\r\n';
    expect(await converted(csv, { to: 'tsv' })).toBe('\ufefftext\tn\tlabel\r\n"a\tb"\t5.0\tpositive\r\n');
    expect(await converted(csv, { to: 'jsonl' })).toBe('{"text":"a\\tb","n":"5.0","label":"positive"}\r\n');
    expect(await converted('n\r1\r', { to: 'jsonl' })).toBe('{"n":"1","label":"positive"}\n');
  });

  it('keeps the order of columns that are called like numbers', async () => {
    expect(await converted('b,2,1\nx,y,z\n', { to: 'jsonl' })).toBe('{"b":"x","2":"y","1":"z","label":"positive"}\n');
  });

  const cell = fc
    .oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', ',', '\t', '\n', '\r', ' ', 'a', '\ufeff', '\ufffd', "'", '=') }),
    )
    // A NUL makes a row bad, and lone surrogates cannot be written as UTF-8.
    .map((value) => value.toWellFormed().replaceAll('\0', ''));
  const objects = fc
    .uniqueArray(
      cell.filter((name) => name !== '' && name !== 'label' && !/^\d+$/.test(name)),
      { minLength: 1, maxLength: 4 },
    )
    .chain((columns) => fc.array(fc.record(Object.fromEntries(columns.map((name) => [name, cell]))), { minLength: 1 }));

  it.each(['csv', 'tsv'] as const)('strings go from JSONL to %s and back unchanged', async (to) => {
    await fc.assert(
      fc.asyncProperty(objects, async (rows) => {
        const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
        const there = await converted(jsonl, { from: 'jsonl', to, added: {} });
        // What is not given is detected, and random tables may be read in several ways.
        const reading = { delimiter: to === 'csv' ? ',' : 'tab', quote: '"', escape: 'none' };
        expect(await converted(there, { from: to, to: 'jsonl', added: {}, reading })).toBe(jsonl);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{"a":1}\n{"a":1,"b":2}\n', 'COLUMN_UNEXPECTED', 'in:2: field "b" is not in the header of this CSV file'],
    ['{"a":"half \\ud83d"}\n', 'CELL_UNWRITABLE', 'in:1: field "a" has half of a surrogate pair'],
  ])('%j is a bad row', async (content, code, message) => {
    await expect(converted(content, { from: 'jsonl', to: 'csv' })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

it('puts an apostrophe before formulas, but not before numbers, if a spreadsheet may open the table', async () => {
  const csv = 'a;b\n=1+1;-5.2\n"@x ""y""";+1 234\n-;\ta\n';
  const source = csv.replaceAll(';', ',');
  expect(await converted(source, { spreadsheetSafe: true })).toBe(
    'a,b,label\n\'=1+1,-5.2,positive\n"\'@x ""y""",\'+1 234,positive\n\'-,\'\ta,positive\n',
  );
});

it('the values of a JSON object are found as they are written', async () => {
  const json = '{"a" : [1, {"b":"}]\\""}] ,"\\u0061b":1.0, "c":"x\\\\", "d":{} , "a" :true}';
  expect([...writtenValues(json)]).toEqual([
    ['a', 'true'],
    ['ab', '1.0'],
    ['c', '"x\\\\"'],
    ['d', '{}'],
  ]);
  expect(writtenValues(' { } ').size).toBe(0);
});
