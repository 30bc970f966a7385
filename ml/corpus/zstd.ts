/**
 * Zstandard as a stream (RFC 8878). Node's own decompression stops after the first of several frames and takes a cut one
 * for complete, so the frames are followed here.
 */
import { pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { SentimentError } from '../errors.ts';

const FRAME = 0xfd2fb528;
/** Frames that hold no data have 16 magic numbers from here. */
const SKIPPABLE = 0x184d2a50;
const CHUNK = 1 << 17;

export function isZstd(head: Buffer): boolean {
  return head.length >= 4 && (head.readUInt32LE() === FRAME || isSkippable(head.readUInt32LE()));
}

function isSkippable(magic: number): boolean {
  return magic >= SKIPPABLE && magic < SKIPPABLE + 16;
}

/** Throws FILE_DAMAGED. */
export async function* unpackZstd(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  /** The next bytes; fewer only at the end of the file. */
  async function take(count: number): Promise<Buffer> {
    while (held.length < count) {
      const step = await iterator.next();
      if (step.done) break;
      held = Buffer.concat([held, step.value]);
    }
    const taken = held.subarray(0, count);
    held = held.subarray(taken.length);
    return taken;
  }
  async function exactly(count: number): Promise<Buffer> {
    const taken = await take(count);
    if (taken.length < count) throw damaged(name);
    return taken;
  }
  async function* frame(magic: Buffer): AsyncGenerator<Buffer, void> {
    const descriptor = await exactly(1);
    const [flags] = descriptor;
    const isSingle = (flags >> 5) & 1;
    const sizes = 1 - isSingle + [0, 1, 2, 4][flags & 3] + [isSingle, 2, 4, 8][flags >> 6];
    yield Buffer.concat([magic, descriptor, await exactly(sizes)]);
    for (let isLast = false; !isLast; ) {
      const header = await exactly(3);
      const bits = header.readUIntLE(0, 3);
      isLast = (bits & 1) === 1;
      const isRepeated = ((bits >> 1) & 3) === 1;
      yield Buffer.concat([header, await exactly(isRepeated ? 1 : bits >> 3)]);
    }
    if (flags & 4) yield await exactly(4);
  }
  try {
    for (let magic = await take(4); magic.length > 0; magic = await take(4)) {
      const kind = magic.length === 4 ? magic.readUInt32LE() : 0;
      if (isSkippable(kind)) {
        for (let left = (await exactly(4)).readUInt32LE(); left > 0; )
          left -= (await exactly(Math.min(left, CHUNK))).length;
      } else if (kind === FRAME) yield* decompressed(frame(magic));
      else throw damaged(name);
    }
  } finally {
    await iterator.return?.();
  }
}

function decompressed(frame: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unpacker = createZstdDecompress({ chunkSize: CHUNK });
  // pipeline destroys the unpacker with the error, which then reaches its reader.
  pipeline(frame, unpacker, () => {});
  return unpacker;
}

function damaged(name: string): SentimentError {
  return new SentimentError(
    'FILE_DAMAGED',
    `${name} is damaged or cut off: its Zstandard data cannot be decompressed`,
    {
      next: 'download or create the file again',
    },
  );
}
