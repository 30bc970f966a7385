import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from './data_file.ts';
import { describeProblem } from './records.ts';
import { readTable, requireColumns, type TableOptions, type TableRow } from './table.ts';
import { collect } from './testdata/collect.ts';
import { temporaryFile, temporaryFolder } from './testdata/temporary.ts';

/** Without the raw bytes, which have tests of their own. */
async function rowsOf(input: ByteSource, options?: TableOptions): Promise<Omit<TableRow, 'raw'>[]> {
  return withoutRaw(await collect((await readTable(input, options)).rows));
}

function withoutRaw(rows: TableRow[]): Omit<TableRow, 'raw'>[] {
  return rows.map(({ line, row }) => ({ line, row }));
}

/** Reads all, with bad rows as "LINE: PROBLEM". */
async function badRowsOf(input: ByteSource, options: TableOptions = {}): Promise<{ lines: number[]; bad: string[] }> {
  const bad: string[] = [];
  const onBadRow: TableOptions['onBadRow'] = (row) => bad.push(`${row.line}: ${describeProblem(row)}`);
  const rows = await rowsOf(input, { ...options, onBadRow });
  return { lines: rows.map(({ line }) => line), bad };
}

describe('a table', () => {
  it('gives rows by column, with the line each starts in', async () => {
    const path = temporaryFile('reviews.csv', 'id,text,label\n1,"good, ""very"" good",pos\n2,bad,neg\n');
    const table = await readTable(path);
    expect(table).toMatchObject({ name: path, format: 'csv', columns: ['id', 'text', 'label'] });
    expect(withoutRaw(await collect(table.rows))).toEqual([
      { line: 2, row: { id: '1', text: 'good, "very" good', label: 'pos' } },
      { line: 3, row: { id: '2', text: 'bad', label: 'neg' } },
    ]);
  });

  it('counts lines across blank lines and line ends inside quotes', async () => {
    const path = temporaryFile('reviews.csv', 'text\r\n\r\n"two\r\nlines\r\n"\r\n\r\n\r\nlast');
    expect(await rowsOf(path)).toEqual([
      { line: 3, row: { text: 'two\r\nlines\r\n' } },
      { line: 8, row: { text: 'last' } },
    ]);
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('accepts %s as line end, with or without a last one, and a byte order mark', async (_, end) => {
    const path = temporaryFile('reviews.csv', `\ufefftext,n${end}a,1${end}b,2`);
    expect((await rowsOf(path)).map(({ line, row }) => [line, row.text, row.n])).toEqual([
      [2, 'a', '1'],
      [3, 'b', '2'],
    ]);
  });

  it('keeps quotes inside TSV cells unchanged', async () => {
    const path = temporaryFile('reviews.tsv', 'text\tlabel\na 5" disk\t0\n"a\ttab"\t1\n"quoted" word\t1\n');
    expect((await rowsOf(path)).map(({ row }) => row.text)).toEqual(['a 5" disk', 'a\ttab', '"quoted" word']);
  });

  it('keeps JSONL values unchanged, lone surrogates included', async () => {
    const lines = ['{"text":"a","stars":5,"tags":["x"]}', '', '  ', '{"text":"half \\ud83d","other":null}'];
    const table = await readTable(temporaryFile('reviews.jsonl', lines.join('\r\n')));
    expect(table.columns).toEqual(['text', 'stars', 'tags']);
    expect(withoutRaw(await collect(table.rows))).toEqual([
      { line: 1, row: { text: 'a', stars: 5, tags: ['x'] } },
      { line: 4, row: { text: 'half \ud83d', other: null } },
    ]);
  });

  it('may have columns named like properties of JavaScript objects', async () => {
    const csv = temporaryFile('a.csv', '__proto__,constructor\n1,2\n');
    const [{ row }] = await rowsOf(csv);
    expect(Object.entries(row)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    const jsonl = temporaryFile('a.jsonl', '{"__proto__":1,"constructor":2}');
    expect(Object.keys((await rowsOf(jsonl))[0].row)).toEqual(['__proto__', 'constructor']);
  });

  it.each(['a.csv.gz', 'a.csv'])('with the name %s may be gzipped', async (name) => {
    const path = temporaryFile(name, gzipSync('text\ngood\n'));
    expect(await rowsOf(path)).toEqual([{ line: 2, row: { text: 'good' } }]);
  });

  it('with only a header has no rows', async () => {
    expect(await rowsOf(temporaryFile('a.csv', 'text,label\n'))).toEqual([]);
  });

  it('gives the same rows however its bytes are divided into chunks', async () => {
    const bytes = Buffer.from('\ufeffname,text\r\n"é ""x""",\r\n,"a\r\n\nb\rc"\r\n\r\n"😀",z\r\n');
    const whole = await rowsOf(Readable.from([bytes]), { format: 'csv' });
    expect(whole.map(({ line }) => line)).toEqual([2, 3, 8]);
    for (const size of [1, 2, 3, 5, 7]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      expect(await rowsOf(Readable.from(pieces), { format: 'csv' })).toEqual(whole);
    }
  });

  it('in JSONL gives the same rows however its bytes are divided into chunks', async () => {
    const values = fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 40 }), async (rows, size) => {
        fc.pre(!rows.some((row) => Object.values(row).some((value) => value.includes('\0'))));
        const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const read = await rowsOf(Readable.from(pieces), { format: 'jsonl' });
        expect(read.map(({ row }) => ({ ...row }))).toEqual(rows);
      }),
    );
  });

  it('reads no further than the rows asked for, and closes the file when the reader stops', async () => {
    const path = temporaryFile('a.csv', `text\n${'a line of text\n'.repeat(200_000)}`);
    const before = readdirSync('/proc/self/fd').length;
    let rows = 0;
    for await (const _ of (await readTable(path)).rows) if (++rows === 3) break;
    const unused = await readTable(path);
    await unused.close();
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBe(before);
  });
});

describe('bad rows', () => {
  it('of CSV are reported by line and column; the rows around them are kept', async () => {
    const bytes = Buffer.concat([
      Buffer.from('id,text\n1,good\n2,too,many\n3\n4,"a\0b"\n5,'),
      Buffer.from([0x63, 0xe9, 0x0a]),
      Buffer.from('6,a real \ufffd character\n7,"\ud800"\n'),
    ]);
    expect(await badRowsOf(temporaryFile('a.csv', bytes))).toEqual({
      lines: [2, 7, 8],
      bad: [
        '3: the row has 3 cells, the header has 2',
        '4: the row has 1 cells, the header has 2',
        '5: column "text" holds a NUL character',
        '6: column "text" is not valid UTF-8',
      ],
    });
  });

  it('of CSV include surrogates written as bytes, which is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('text\n'), Buffer.from([0xed, 0xa0, 0x80, 0x0a])]);
    expect(await badRowsOf(temporaryFile('a.csv', bytes))).toEqual({
      lines: [],
      bad: ['2: column "text" is not valid UTF-8'],
    });
  });

  it('of JSONL are reported by line', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"text":"a"}\n{"text":\n[1]\nnull\n7\n{"text":"a\\u0000b"}\n{"text":"'),
      Buffer.from([0xff]),
      Buffer.from('"}\n{"text":"b"}'),
    ]);
    expect(await badRowsOf(temporaryFile('a.jsonl', bytes))).toEqual({
      lines: [1, 8],
      bad: [
        '2: the line is not valid JSON: Unexpected end of JSON input',
        '3: the line is an array, not a JSON object',
        '4: the line is null, not a JSON object',
        '5: the line is a number, not a JSON object',
        '6: column "text" holds a NUL character',
        '7: the line is not valid UTF-8',
      ],
    });
  });

  it('throw unless onBadRow handles them', async () => {
    const path = temporaryFile('a.csv', 'id,text\n1,good\n2\n3,good\n');
    await expect(rowsOf(path)).rejects.toMatchObject({
      code: 'ROW_INVALID',
      message: `${path}:3: the row has 1 cells, the header has 2`,
      exitCode: 1,
    });
  });
});

describe('large cells', () => {
  const ten = 'word '.repeat(2_000_000);

  it('of 10 MB are read', async () => {
    const csv = await rowsOf(temporaryFile('a.csv', `id,text\n1,"${ten}"\n2,b\n`));
    expect(csv.map(({ line, row }) => [line, String(row.text).length])).toEqual([
      [2, ten.length],
      [3, 1],
    ]);
    const jsonl = await rowsOf(temporaryFile('a.jsonl', `{"text":"${ten}"}\n{"text":"b"}\n`));
    expect(jsonl.map(({ row }) => String(row.text).length)).toEqual([ten.length, 1]);
  });

  it('beyond 16 MiB are refused with the line they start on, before the rest is read', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from('id,text\n1,a\n2,"');
      for (; ; given++) yield Buffer.from(ten);
    }
    await expect(rowsOf(endless(), { format: 'csv', name: 'reviews.csv' })).rejects.toMatchObject({
      code: 'RECORD_TOO_LONG',
      message: 'reviews.csv:3: the row that starts here does not end within 16 MiB',
    });
    expect(given).toBeLessThan(8);
  });

  it('of JSONL beyond 16 MiB are bad rows', async () => {
    const path = temporaryFile('a.jsonl', `{"text":"a"}\n{"text":"${ten}${ten}"}\n{"text":"b"}\n`);
    expect(await badRowsOf(path)).toEqual({ lines: [1, 3], bad: ['2: the line is longer than 16 MiB'] });
  });
});

describe('a file that is not a table', () => {
  const columns = 'id,text\n1,good\n';

  it.each([
    ['an unclosed quote', `${columns}2,"bad\n3,good\n`, 'opens a quote that never closes'],
    ['text after a closing quote', `${columns}2,"bad" or not\n`, 'continues after its closing quote'],
    ['a quote in the middle of a cell', `${columns}2,a "bad" one\n`, 'contains a quote but is not quoted itself'],
  ])('because of %s is reported by file, line and column', async (_, content, problem) => {
    const path = temporaryFile('a.csv', content);
    await expect(rowsOf(path)).rejects.toMatchObject({
      code: 'CSV_QUOTES',
      message: `${path}:3: column "text" of the row that starts here ${problem}`,
    });
  });

  it.each([
    ['an empty file', 'a.csv', '', 'TABLE_EMPTY', /a\.csv is empty$/],
    ['an empty file of JSON lines', 'a.jsonl', '\n\n', 'TABLE_EMPTY', /a\.jsonl is empty$/],
    ['an empty gzip file', 'a.csv.gz', gzipSync(''), 'TABLE_EMPTY', /a\.csv\.gz is empty$/],
    ['a NUL in the header', 'a.csv', 'id,\0\n', 'TABLE_HEADER', /a\.csv:1: column 2 of the header holds a NUL/],
    [
      'half a gzip file',
      'a.csv.gz',
      gzipSync('text\n'.repeat(99)).subarray(0, 25),
      'FILE_DAMAGED',
      /damaged or cut off/,
    ],
    [
      'a format unknown by name',
      'a.xml',
      '<a/>',
      'TABLE_FORMAT',
      /cannot tell the format of .*a\.xml from its content or its name/,
    ],
  ])('because it is %s is reported as such', async (_, name, content, code, message) => {
    await expect(rowsOf(temporaryFile(name, content))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('because no line is readable is reported with the first line', async () => {
    const path = temporaryFile('a.jsonl', '["a"]\n');
    await expect(rowsOf(path, { onBadRow: () => {} })).rejects.toMatchObject({
      code: 'TABLE_EMPTY',
      message: `${path} has no usable row; line 1: the line is an array, not a JSON object`,
    });
  });

  it('because it is missing or a folder is reported as such', async () => {
    const folder = temporaryFolder();
    await expect(rowsOf(`${folder}/no.csv`)).rejects.toThrow(`cannot read ${folder}/no.csv: there is no such file`);
    await expect(rowsOf(folder, { format: 'csv' })).rejects.toThrow(`cannot read ${folder}: it is a folder`);
  });
});

describe('required columns', () => {
  it('accepts columns that exist', () => {
    expect(() => requireColumns({ name: 'a.csv', columns: ['id', 'text'] }, ['text'])).not.toThrow();
  });

  it('lists the columns and names the closest one', () => {
    const table = { name: 'a.csv', columns: ['review_id', 'Text', 'stars'] };
    expect(() => requireColumns(table, ['stars', 'text'])).toThrow(
      expect.objectContaining({
        code: 'COLUMN_MISSING',
        message: 'a.csv has no column "text"; it has "review_id", "Text", "stars"',
        next: 'name one of these columns; the closest is "Text"',
        exitCode: 2,
      }),
    );
    expect(() => requireColumns(table, ['star'])).toThrow(
      expect.objectContaining({ next: expect.stringContaining('"stars"') }),
    );
  });

  it('lists only twenty of many columns', () => {
    const columns = Array.from({ length: 300 }, (_, i) => `c${i}`);
    expect(() => requireColumns({ name: 'a.csv', columns }, ['text'])).toThrow(/"c18", "c19" and 280 more$/);
  });

  it('recognises a separator of another format', () => {
    expect(() => requireColumns({ name: 'a.csv', columns: ['text;label'] }, ['text'])).toThrow(
      expect.objectContaining({ next: expect.stringContaining('--delimiter') }),
    );
  });
});

describe('a table whose broken rows are skipped', () => {
  it.each([
    ['continues after its closing quote', '1,"dull" film'],
    ['contains a quote but is not quoted itself', '1,dull "film"'],
    ['opens a quote that never closes', '1,"dull film'],
  ])('goes on in the line after a cell that %s, however it is cut into chunks', async (problem, broken) => {
    const rest = problem.includes('never') ? '' : '\r\n5,"more"\r\n';
    const bytes = Buffer.from(`id,text\r\n0,"two\r\nlines"\r\n${broken}\r\n3,fine${rest}`);
    for (const size of [1, 2, 3, 7, 1000]) {
      async function* chunks(): AsyncGenerator<Buffer> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const { lines, bad } = await badRowsOf(chunks(), { format: 'csv', skipBroken: true });
      expect(bad).toEqual([`4: column "text" ${problem}`]);
      expect(lines).toEqual(rest === '' ? [2, 5] : [2, 5, 6]);
    }
  });

  it('must have a sound header', async () => {
    const path = temporaryFile('a.csv', 'id,"text" x\n1,fine\n');
    await expect(badRowsOf(path, { skipBroken: true })).rejects.toMatchObject({ code: 'CSV_QUOTES' });
  });
});
