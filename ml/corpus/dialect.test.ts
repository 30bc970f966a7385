import { describe, expect, it } from 'vitest';
import type { ReadingOptions } from './dialect.ts';
import { readTable, requireColumns, type TableOptions } from './table.ts';
import { collect } from './testdata/collect.ts';
import { temporaryFile } from './testdata/temporary.ts';

async function read(content: string | Buffer, options: ReadingOptions & { name?: string } = {}) {
  const { name = 'a.csv', ...reading } = options;
  const bad: string[] = [];
  const onBadRow: TableOptions['onBadRow'] = ({ line, problem }) => bad.push(`${line}: ${problem}`);
  const table = await readTable(temporaryFile(name, content), { reading, onBadRow });
  const rows = await collect(table.rows);
  const { columns, note } = table;
  return {
    columns,
    note,
    bad,
    rows: rows.map(({ row }) => Object.values(row)),
    raw: rows.map(({ raw }) => `${raw.bytes}`),
  };
}

const lines = (...rows: string[]) => rows.map((row) => `${row}\n`).join('');

describe('quotes in a tab-separated table', () => {
  it('that do not enclose a cell are letters and hide no line', async () => {
    const content = lines(
      'id\tstars\ttext',
      '1\t5\t"Wow" is all I can say',
      '2\t1\t"Perfect, said',
      '3\t5\tno one, "ever',
      '4\t5\t"',
      '5\t1\tthe last word"',
      '6\t1\t"all of it"',
    );
    const { rows, raw, bad } = await read(content, { name: 'a.tsv' });
    expect(bad).toEqual([]);
    expect(rows.map(([, , text]) => text)).toEqual([
      '"Wow" is all I can say',
      '"Perfect, said',
      'no one, "ever',
      '"',
      'the last word"',
      'all of it',
    ]);
    expect(raw.at(-1)).toBe('6\t1\t"all of it"');
  });

  it('do not glue cells where the row has all its cells without them', async () => {
    const content = lines('a\tb', '"x\ty"', 'c\td');
    expect((await read(content, { name: 'a.tsv' })).rows).toEqual([
      ['"x', 'y"'],
      ['c', 'd'],
    ]);
  });

  it('enclose tabs and line ends where the rows are complete only with them', async () => {
    const content = lines('id\ttext', '1\t"two', 'lines and a ""word"""', '2\t"a\ttab"', '3\tc');
    expect((await read(content, { name: 'a.tsv' })).rows).toEqual([
      ['1', 'two\nlines and a "word"'],
      ['2', 'a\ttab'],
      ['3', 'c'],
    ]);
  });

  it('enclose line ends where the dialect says so, and are letters where it says none', async () => {
    const content = lines('id\ttext', '1\t"two', '2\tlines"');
    expect((await read(content, { name: 'a.tsv' })).rows).toHaveLength(2);
    expect((await read(content, { name: 'a.tsv', quote: '"' })).rows).toEqual([['1', 'two\n2\tlines']]);
    expect((await read(lines('id\ttext', '1\t"all"'), { name: 'a.tsv', quote: 'none' })).rows).toEqual([
      ['1', '"all"'],
    ]);
  });
});

describe('the delimiter', () => {
  it.each([
    [';', 'semicolon'],
    ['\t', 'tab'],
    ['|', 'pipe'],
  ])('%j is found in a table called .csv', async (mark, word) => {
    const content = lines(`label${mark}text, all`, `pos${mark}"a, b${mark} ""c"""`, `neg${mark}d, e, f`);
    const table = await read(content);
    expect(table.columns).toEqual(['label', 'text, all']);
    expect(table.rows).toEqual([
      ['pos', `a, b${mark} "c"`],
      ['neg', 'd, e, f'],
    ]);
    expect(table.note).toBe(`read as ${word}-separated`);
  });

  it('is found in a table called .tsv that has commas', async () => {
    const table = await read(lines('label,text', 'pos,"a, b"', 'neg,c'), { name: 'a.tsv' });
    expect(table.rows).toEqual([
      ['pos', 'a, b'],
      ['neg', 'c'],
    ]);
  });

  it('is found in a table whose name has no known ending', async () => {
    expect((await read(lines('a\tb', '1\t2'), { name: 'a.txt' })).rows).toEqual([['1', '2']]);
    expect((await read(lines('a;b', '1;2'), { name: 'data' })).rows).toEqual([['1', '2']]);
  });

  it.each([
    ['one column of texts with semicolons', lines('text', 'a; b', 'c; d')],
    ['only a header', 'label;text\n'],
    ['rows that differ', lines('label;text', 'a;b', 'c')],
    ['two that are possible', lines('a;b|c', 'd;e|f')],
  ])('stays the comma where another is not certain: %s', async (_, content) => {
    const table = await read(content);
    expect(table.columns).toHaveLength(1);
    expect(table.note).toBeUndefined();
  });

  it('stays the comma where rows with commas are complete, or one is not', async () => {
    expect((await read(lines('a,b;c', '1,2;3'))).columns).toEqual(['a', 'b;c']);
    const { columns, bad } = await read(lines('a,b', '1,2', '3', '4,5'));
    expect(columns).toEqual(['a', 'b']);
    expect(bad).toEqual(['3: the row has 1 cells, the header has 2']);
  });

  it.each(['tab', '\\t', '\t'])('may be given as %j', async (delimiter) => {
    expect((await read('a\tb\n1\t2\n', { delimiter })).rows).toEqual([['1', '2']]);
  });

  it('is what the line of Excel before the header says', async () => {
    const content = 'sep=;\r\nlabel;text, all\r\npos;a, b\r\n';
    const table = await read(content);
    expect(table).toMatchObject({ columns: ['label', 'text, all'], rows: [['pos', 'a, b']] });
    const { header, close } = await readTable(temporaryFile('a.csv', content));
    expect(`${header?.bytes}`).toBe('sep=;\r\nlabel;text, all');
    await close();
  });

  it.each(['', '::', '\n', '§'])('may not be %j', async (delimiter) => {
    await expect(read('a', { delimiter })).rejects.toMatchObject({ code: 'DIALECT_INVALID', exitCode: 2 });
  });
});

describe('quotes escaped by backslashes', () => {
  it.each([',', '\t'])('are found between %j', async (mark) => {
    const content = lines(`id${mark}text`, `"1"${mark}"they call it \\"a classic\\"${mark} and C:\\\\x"`, `2${mark}b`);
    const table = await read(content, { name: mark === ',' ? 'a.csv' : 'a.tsv' });
    expect(table.rows).toEqual([
      ['1', `they call it "a classic"${mark} and C:\\x`],
      ['2', 'b'],
    ]);
    expect(table.note).toBe('read with quotes escaped by backslashes');
  });

  it('are not assumed where the table is complete without', async () => {
    const table = await read(lines('id,text', '1,"the folder C:\\"', '2,"and ""D:\\"""'));
    expect(table.rows).toEqual([
      ['1', 'the folder C:\\'],
      ['2', 'and "D:\\"'],
    ]);
    expect(table.note).toBeUndefined();
  });

  it('are named in the error where they come late', async () => {
    const content = lines('id,text', ...Array.from({ length: 9000 }, (_, i) => `${i},good`), '1,"an \\"odd\\" one"');
    await expect(read(content)).rejects.toMatchObject({
      code: 'CSV_QUOTES',
      message: expect.stringMatching(/a\.csv:9002: column "text" .* continues after its closing quote/),
      next: expect.stringContaining("--escape '\\'"),
    });
  });

  it('may be given, and then hold for delimiters outside quotes, too', async () => {
    expect((await read(lines('id,text', '1,a\\,b'), { escape: '\\' })).rows).toEqual([['1', 'a,b']]);
  });
});

describe('columns', () => {
  it('without a name are called by their number, and may be missing or empty at the end', async () => {
    const table = await read(lines('v1,v2,,', 'ham,a,,', 'spam,b', 'ham,"c",more,', 'ham,d,,,""'));
    expect(table.columns).toEqual(['v1', 'v2', '3', '4']);
    expect(table.bad).toEqual([]);
    expect(table.raw).toEqual(['ham,a,,', 'spam,b,,', 'ham,"c",more,', 'ham,d,,']);
  });

  it('that only rows have are left out if empty, else the row is bad', async () => {
    const table = await read(lines('v1,v2', 'ham,a,', 'ham,b,"",', 'ham,c,d'));
    expect(table.raw).toEqual(['ham,a', 'ham,b']);
    expect(table.bad).toEqual(['4: the row has 3 cells, the header has 2']);
  });

  it('with a repeated name matter only where the name is asked for', async () => {
    const path = temporaryFile('a.csv', lines('id,text,id', '1,a,2'));
    const table = await readTable(path);
    expect(table.columns).toEqual(['id', 'text', '3']);
    expect(() => requireColumns(table, ['text'])).not.toThrow();
    expect(() => requireColumns(table, ['id'])).toThrow('has several columns "id"');
    await table.close();
  });

  it('of a table without a header have numbers or the names given', async () => {
    const content = lines('0,"so tired"', '4,great');
    expect(await read(content, { header: 'none' })).toMatchObject({
      columns: ['1', '2'],
      rows: [
        ['0', 'so tired'],
        ['4', 'great'],
      ],
    });
    expect((await read(content, { header: 'stars, text' })).columns).toEqual(['stars', 'text']);
    const { bad } = await read(content, { header: 'stars,text,id' });
    expect(bad).toEqual(['1: the row has 2 cells, the header has 3', '2: the row has 2 cells, the header has 3']);
    await expect(read(content, { header: 'a,a' })).rejects.toMatchObject({ code: 'DIALECT_INVALID' });
  });
});
