/** The bytes of a row as they stand in its file, so that a program can give them back unchanged. */

export type RawRecord = {
  /** The row without its line end. After decoding from another encoding: its UTF-8. */
  bytes: Buffer;
  /** Empty for a last row that the file does not end. */
  lineEnd: '' | '\n' | '\r\n' | '\r';
};

const LF = 10;
const CR = 13;

/** Splits the line end off, and the line ends of skipped blank lines in front. */
export function rawRecord(bytes: Buffer): RawRecord {
  let start = 0;
  while (bytes[start] === LF || bytes[start] === CR) start++;
  const last = bytes.at(-1);
  const lineEnd = last === LF ? (bytes.at(-2) === CR ? '\r\n' : '\n') : last === CR ? '\r' : '';
  return { bytes: bytes.subarray(start, bytes.length - lineEnd.length), lineEnd };
}
