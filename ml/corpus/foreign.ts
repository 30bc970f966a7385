/** Files that are no tables of text, recognised by their first bytes: what each is, and what to do with it. */
import { SentimentError } from '../errors.ts';

type Foreign = { what: string; next: string; is: (head: Buffer) => boolean };

const CONVERT = 'convert it to CSV or JSONL, with pandas or DuckDB for example';
const SHEET = 'open it in the spreadsheet program and save the sheet as "CSV UTF-8"';

const begins = (...bytes: (string | number[])[]) => {
  const starts = bytes.map((start) => Buffer.from(start as string, 'latin1'));
  return (head: Buffer) => starts.some((start) => head.subarray(0, start.length).equals(start));
};
const textBegins = (pattern: RegExp) => (head: Buffer) => pattern.test(head.toString('latin1', 0, 500));

const FOREIGN: Foreign[] = [
  { what: 'an Excel workbook of the old kind (.xls)', next: SHEET, is: begins([0xd0, 0xcf, 0x11, 0xe0]) },
  { what: 'an xz file', next: 'unpack it: xzcat FILE > table.csv', is: begins([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) },
  { what: 'an lz4 file', next: 'unpack it: lz4cat FILE > table.csv', is: begins([0x04, 0x22, 0x4d, 0x18]) },
  { what: 'a 7z archive', next: 'unpack it: 7z x FILE', is: begins([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]) },
  { what: 'a RAR archive', next: 'unpack it: unrar x FILE', is: begins('Rar!\x1a\x07') },
  { what: 'a compress file (.Z)', next: 'unpack it: zcat FILE > table.csv', is: begins([0x1f, 0x9d]) },
  { what: 'an encrypted Parquet file', next: CONVERT, is: begins('PARE') },
  { what: 'an Arrow or Feather file', next: CONVERT, is: begins('ARROW1', 'FEA1') },
  { what: 'an ORC file', next: CONVERT, is: begins('ORC\x08', 'ORC\x0a', 'ORC\x12') },
  { what: 'an Avro file', next: CONVERT, is: begins('Obj\x01') },
  { what: 'an HDF5 file', next: CONVERT, is: begins([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a]) },
  {
    what: 'an SQLite database',
    next: 'export the table as CSV: sqlite3 -csv -header FILE "SELECT ..."',
    is: begins('SQLite format 3\0'),
  },
  { what: 'a NumPy file', next: CONVERT, is: begins([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]) },
  {
    what: 'a Python pickle',
    next: `load it in the program that wrote it and save the table as CSV`,
    is: (head) => head[0] === 0x80 && head[1] >= 2 && head[1] <= 5 && head.at(-1) === 0x2e,
  },
  { what: 'a PDF document', next: 'save its texts as CSV', is: begins('%PDF-') },
  { what: 'a rich text document', next: 'save its texts as CSV', is: begins('{\\rtf') },
  { what: 'an image', next: 'name a table of texts', is: begins([0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8, 0xff], 'GIF8') },
  {
    what: 'UTF-32 text',
    next: 'save it as UTF-8: iconv -f UTF-32 -t UTF-8',
    is: begins([0xff, 0xfe, 0, 0], [0, 0, 0xfe, 0xff]),
  },
  {
    what: 'a pointer of Git LFS, not the data itself',
    next: 'fetch the data: git lfs pull',
    is: textBegins(/^version https:\/\/(git-lfs|hawser)\./),
  },
  {
    what: 'a pointer of git-annex, not the data itself',
    next: 'fetch the data: git annex get FILE',
    is: textBegins(/^[./]*\/annex\/objects\//),
  },
  {
    what: 'a pointer of DVC, not the data itself',
    next: 'fetch the data: dvc pull',
    is: textBegins(/^outs:\s*\n- (md5|hash|size|etag): /),
  },
  {
    what: 'a web page',
    next: 'download the file itself (on GitHub with the "raw" button or address)',
    is: textBegins(/^(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|body)\b/i),
  },
  { what: 'an XML file', next: 'convert it to CSV or JSONL', is: textBegins(/^(\xef\xbb\xbf)?\s*<\?xml\b/i) },
];

/** Throws FILE_FOREIGN if the first bytes of a file are those of something else than a table of text. */
export function refuseForeign(head: Buffer, name: string): void {
  const found = FOREIGN.find(({ is }) => is(head));
  if (found) throw foreign(name, found.what, found.next);
}

/** Archives of the kind tar may hold reviews (imdb.ts), but are no tables. */
export function refuseTar(head: Buffer, name: string): void {
  if (head.toString('latin1', 257, 262) !== 'ustar') return;
  throw foreign(name, 'a tar archive', 'unpack it (tar -xf FILE) and name one of its files');
}

/** `next` may say FILE for the file's name. */
export function foreign(name: string, what: string, next: string): SentimentError {
  return new SentimentError('FILE_FOREIGN', `${name} is ${what}, which cannot be read as a table`, {
    next: name.includes('://') ? next : next.replace('FILE', name),
  });
}
