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

/** Hands out the bytes of a stream record by record, given where each record ends. */
export class RecordBytes {
  readonly #chunks: Buffer[] = [];
  /** Offset of the first byte held. */
  #start = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  /** The bytes up to `end`, an offset in the stream, that were not taken yet. */
  take(end: number): Buffer {
    const length = end - this.#start;
    this.#start = end;
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0 && this.#chunks.length > 0; ) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(0, missing);
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
}
