/** bzip2 as a stream, of one or several members; each block's checksum is verified. */
import unbzip2Stream from 'unbzip2-stream';
import { SentimentError } from '../errors.ts';

/** Of a block, and of the end of a file without blocks. */
const MAGIC = ['314159265359', '177245385090'];

export function isBzip2(head: Buffer): boolean {
  return /^BZh[1-9]$/.test(head.toString('latin1', 0, 4)) && MAGIC.includes(head.toString('hex', 4, 10));
}

/** Holds one block, at most 900 kB, at a time. Throws FILE_DAMAGED. */
export async function* unpackBzip2(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void> {
  const unpacker = unbzip2Stream();
  // It unpacks in write() and end(), so nothing is left to wait for.
  const unpacked: Buffer[] = [];
  let problem: unknown;
  let ended = false;
  unpacker.on('data', (data: Buffer) => unpacked.push(data));
  unpacker.on('error', (error: unknown) => {
    problem ??= error;
  });
  unpacker.on('end', () => {
    ended = true;
  });
  for await (const chunk of chunks) {
    unpacker.write(chunk);
    if (problem === undefined) yield* unpacked.splice(0);
    else break;
  }
  if (problem === undefined) unpacker.end();
  if (problem !== undefined || !ended) {
    throw new SentimentError('FILE_DAMAGED', `${name} is damaged or cut off: its bzip2 data cannot be decompressed`, {
      cause: problem,
      next: 'download or create the file again',
    });
  }
  yield* unpacked;
}
