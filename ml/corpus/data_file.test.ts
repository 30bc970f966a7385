import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTable } from './table.ts';
import { collect } from './testdata/collect.ts';
import { temporaryFile } from './testdata/temporary.ts';

const TABLE = Buffer.from('text,label\ngood,1\nbad,0\n');

async function read(name: string, content: string | Buffer, encoding?: string) {
  const table = await readTable(temporaryFile(name, content), { reading: { encoding } });
  return { ...table, rows: (await collect(table.rows)).map(({ line, row }) => [line, ...Object.values(row)]) };
}

/** As bzip2 1.0.8 packs it: whole, and in two members. */
const BZIP2 = Buffer.from(
  'QlpoOTFBWSZTWf8jKnwAAAtZgAAQAARgADaEhEAgADEA0AEQ2TSPST0KHUC1cOaHkXhPxdyRThQkP8jKnwA=',
  'base64',
);
const BZIP2_TWICE = Buffer.from(
  'QlpoOTFBWSZTWf8jKnwAAAtZgAAQAARgADaEhEAgADEA0AEQ2TSPST0KHUC1cOaHkXhPxdyRThQkP8jKnwBCWmg5MUFZJlNZNvqBEAAAA1kAABAABCAACiEgACGTTAhgE/ktwu5IpwoSBt9QIgA=',
  'base64',
);

/** A ZIP archive as APPNOTE.TXT describes it. */
function zip(files: Record<string, Buffer>, method: 0 | 8 = 8): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const data = method === 8 ? deflateRawSync(content) : content;
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(method, 4);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(data.length, 14);
    facts.writeUInt32LE(content.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(offset, 10);
    const file = [Buffer.from('PK\x03\x04'), facts, Buffer.from(name), data];
    list.push(Buffer.from('PK\x01\x02\x14\x00'), facts, end, Buffer.from(name));
    parts.push(...file);
    offset += file.reduce((sum, { length }) => sum + length, 0);
  }
  const last = Buffer.alloc(18);
  last.writeUInt16LE(Object.keys(files).length, 6);
  last.writeUInt32LE(Buffer.concat(list).length, 8);
  last.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...list, Buffer.from('PK\x05\x06'), last]);
}

describe('a packed table', () => {
  it.each([
    ['gzip', 'a.csv.gz', gzipSync(TABLE)],
    ['gzip without its ending', 'a.csv', gzipSync(TABLE)],
    ['Zstandard', 'a.csv.zst', zstdCompressSync(TABLE)],
    [
      'Zstandard in several frames',
      'a.csv',
      Buffer.concat([
        zstdCompressSync(TABLE.subarray(0, 12)),
        Buffer.from('502a4d1803000000aaaaaa', 'hex'),
        zstdCompressSync(TABLE.subarray(12)),
      ]),
    ],
    ['bzip2', 'a.csv.bz2', BZIP2],
    ['bzip2 in gzip, without their endings', 'a.csv', gzipSync(BZIP2)],
    ['ZIP', 'a.zip', zip({ 'inside.csv': TABLE })],
    ['ZIP, stored', 'a.csv', zip({ 'inside.csv': TABLE }, 0)],
    ['ZIP of macOS', 'a.csv.zip', zip({ 'in/': Buffer.alloc(0), 'in/a.csv': TABLE, '__MACOSX/in/._a.csv': TABLE })],
    ['gzip in ZIP', 'a.zip', zip({ 'a.csv.gz': gzipSync(TABLE) })],
  ])('with %s is read', async (_, name, content) => {
    expect((await read(name, content)).rows).toEqual([
      [2, 'good', '1'],
      [3, 'bad', '0'],
    ]);
  });

  it('of a megabyte comes out of ZIP whole', async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => `${Math.imul(i, 0x9e3779b1)},text ${i}`);
    const content = Buffer.from(`n,text\n${rows.join('\n')}`);
    expect((await read('a.zip', zip({ 'a.csv': content }))).rows).toHaveLength(50_000);
  });

  it('of bzip2 may have several members, and is whole or refused, wherever it is cut', async () => {
    expect((await read('a.csv', BZIP2_TWICE)).rows.map(([, text]) => text)).toEqual(['good', 'bad', 'nice']);
    for (const end of [10, 20, 40, BZIP2.length - 5, BZIP2.length - 1]) {
      await expect(read('a.csv', BZIP2.subarray(0, end))).rejects.toMatchObject({
        code: 'FILE_DAMAGED',
        message: expect.stringContaining('its bzip2 data cannot be decompressed'),
      });
    }
  });

  it('of Zstandard is whole or refused, wherever it is cut', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${Math.imul(i, 0x9e3779b1)},text ${i}\n`);
    const packed = zstdCompressSync(`n,text\n${rows.join('')}`);
    expect((await read('a.csv.zst', packed)).rows).toHaveLength(30_000);
    for (const end of [5, 20, 1000, packed.length - 5, packed.length - 1]) {
      await expect(read('a.csv.zst', packed.subarray(0, end))).rejects.toMatchObject({
        code: 'FILE_DAMAGED',
        message: expect.stringContaining('its Zstandard data cannot be decompressed'),
      });
    }
  });

  it.each([
    ['two files', zip({ 'a.csv': TABLE, 'b.csv': TABLE }), 'FILE_FOREIGN', /is a ZIP archive of 2 files/],
    ['no file', zip({}), 'FILE_FOREIGN', /is a ZIP archive without a file/],
    ['half a file', zip({ 'a.csv': TABLE }).subarray(0, 50), 'FILE_DAMAGED', /damaged or cut off/],
    ['no list', zip({ 'a.csv': TABLE }).subarray(0, 70), 'FILE_DAMAGED', /damaged or cut off/],
    ['half of gzip', gzipSync(TABLE).subarray(0, 20), 'FILE_DAMAGED', /its gzip data cannot be decompressed/],
  ])('with %s is refused', async (_, content, code, message) => {
    await expect(read('a.csv', content)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('JSON under any name', () => {
  it.each([
    ['lines', 'a.csv', '{"text":"a","n":1}\n\n{"text":"b","n":2}\n', [1, 3]],
    ['lines without a name', 'a', '{"text":"a","n":1}\n{"text":"b","n":2}', [1, 2]],
    ['an array', 'a.json', '[\n  {"text": "a",\n   "n": 1},\n  {"text":"b","n":2}\n]\n', [2, 4]],
    ['an array on one line', 'a.jsonl', '[{"text":"a","n":1},{"text":"b","n":2}]', [1, 1]],
  ])('is read as %s', async (_, name, content, [one, two]) => {
    const table = await read(name, content);
    expect(table).toMatchObject({ format: 'jsonl', columns: ['text', 'n'] });
    expect(table.rows).toEqual([
      [one, 'a', 1],
      [two, 'b', 2],
    ]);
  });

  it('that is not JSON is reported as such', async () => {
    await expect(read('a.json', "{'text': 'a', 'n': 1}\n{'text': 'b', 'n': 2}\n")).rejects.toMatchObject({
      code: 'ROW_INVALID',
      message: expect.stringMatching(/a\.json:1: the line is not valid JSON/),
    });
  });

  it('an array may hold brackets in its strings, and bad elements are reported by line', async () => {
    const content = '[{"text":"] \\" }, {"},\n{"text":}, 7,\n{"text":"b"}';
    const bad: string[] = [];
    const table = await readTable(temporaryFile('a.json', content), {
      onBadRow: ({ line, problem }) => bad.push(`${line}: ${problem}`),
    });
    const rows = await collect(table.rows);
    expect(rows.map(({ row }) => row.text)).toEqual(['] " }, {']);
    expect(bad).toEqual([
      expect.stringMatching(/^2: the element is not valid JSON/),
      '2: the element is a number, not a JSON object',
      '3: the JSON array does not end: the file is cut off',
    ]);
  });
});

describe('what is no table', () => {
  it.each([
    ['an Excel workbook (.xlsx)', zip({ '[Content_Types].xml': TABLE, 'xl/workbook.xml': TABLE }), 'CSV UTF-8'],
    [
      'an OpenDocument file',
      zip({ mimetype: Buffer.from('application/vnd.oasis.opendocument.spreadsheet') }, 0),
      'CSV',
    ],
    ['an Excel workbook of the old kind (.xls)', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'CSV UTF-8'],
    ['an ORC file', 'ORC\x0a...', 'convert it to CSV or JSONL'],
    ['an xz file', Buffer.from('fd377a585a00', 'hex'), 'xzcat'],
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n', 'git lfs pull'],
    ['a web page', '\n<!DOCTYPE html>\n<html><head></head></html>', 'raw'],
    ['an XML file', '<?xml version="1.0"?><reviews/>', 'convert it'],
    ['a tar archive', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\0')]), 'tar -xf'],
    ['an SQLite database', 'SQLite format 3\0', 'sqlite3'],
    ['an Avro file', gzipSync('Obj\x01'), 'convert it to CSV or JSONL'],
  ])('is called by its name, whatever the file is called: %s', async (what, content, next) => {
    for (const name of ['a.csv', 'a.jsonl', 'data']) {
      await expect(read(name, content)).rejects.toMatchObject({
        code: 'FILE_FOREIGN',
        message: expect.stringContaining(`${name} is ${what}`),
        next: expect.stringContaining(next),
      });
    }
  });
});

describe('the encoding', () => {
  const text = 'text,n\n“café” – it’s 5 €…,1\na rather naïve film that nobody needs to see,2\n';
  const rows = [
    [2, '“café” – it’s 5 €…', '1'],
    [3, 'a rather naïve film that nobody needs to see', '2'],
  ];
  const windows1252 = Buffer.from(
    text.replace(
      /[“”–’€…]/g,
      (sign) => ({ '“': '\x93', '”': '\x94', '–': '\x96', '’': '\x92', '€': '\x80', '…': '\x85' })[sign]!,
    ),
    'latin1',
  );
  const swapped = (content: string) => Buffer.from(content, 'utf16le').swap16();

  it.each([
    ['utf-8', Buffer.from(text)],
    ['utf-8', Buffer.from(`\ufeff${text}`)],
    ['utf-16le', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['utf-16be', swapped(`\ufeff${text}`)],
    ['utf-16le', Buffer.from(text, 'utf16le')],
    ['windows-1252', windows1252],
  ])('is detected: %s', async (encoding, content) => {
    const table = await read('a.csv', content);
    expect(table.rows).toEqual(rows);
    expect(table.encoding).toBe(encoding);
    expect(table.note).toBe(encoding === 'utf-8' ? undefined : `read as ${encoding}`);
  });

  it.each([
    ['latin-1', windows1252],
    ['cp1252', windows1252],
    ['UTF-16', swapped(`\ufeff${text}`)],
    ['utf-8-sig', Buffer.from(`\ufeff${text}`)],
  ])('may be given as %s', async (encoding, content) => {
    expect((await read('a.csv', content, encoding)).rows).toEqual(rows);
  });

  it('of other alphabets is read where it is given', async () => {
    const cyrillic = Buffer.concat([
      Buffer.from('text,n\n'),
      Buffer.from([0xf5, 0xee, 0xf0, 0xee, 0xf8, 0xee]),
      Buffer.from(',1\n'),
    ]);
    expect((await read('a.csv', cyrillic, 'windows-1251')).rows).toEqual([[2, 'хорошо', '1']]);
    await expect(read('a.csv', cyrillic)).rejects.toMatchObject({
      code: 'ROW_INVALID',
      next: expect.stringContaining('--encoding'),
    });
  });

  it('that is wrong or unknown is an error', async () => {
    await expect(read('a.csv', windows1252, 'utf-8')).rejects.toMatchObject({
      code: 'ROW_INVALID',
      message: expect.stringMatching(/a\.csv:2: column "text" is not valid UTF-8/),
      next: expect.stringContaining('--encoding windows-1252'),
    });
    await expect(read('a.csv', Buffer.from('text\nab\n\x81', 'latin1'), 'shift_jis')).rejects.toMatchObject({
      code: 'ENCODING_WRONG',
      message: expect.stringContaining('is not valid shift_jis after line 3'),
    });
    await expect(read('a.csv', 'a\n', 'klingon')).rejects.toMatchObject({ code: 'ENCODING_UNKNOWN', exitCode: 2 });
  });

  it('is not guessed from one damaged character, or from bytes of UTF-8', async () => {
    for (const bytes of [
      [0x63, 0xc3, 0x20],
      [0xc3, 0xa9, 0x20, 0xe9],
      [0xe2, 0x80, 0x20],
    ]) {
      const content = Buffer.concat([Buffer.from('text,n\n'), Buffer.from(bytes), Buffer.from(',1\n')]);
      await expect(read('a.csv', content)).rejects.toMatchObject({ code: 'ROW_INVALID' });
    }
  });
});
