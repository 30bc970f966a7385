/** The files of a tar or tar.gz as it streams by, one after the other; nothing is written to disk. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { SentimentError } from '../errors.ts';
import { type ByteSource, readBytes } from './bytes.ts';

export type TarFile = {
  path: string;
  /** In bytes. */
  size: number;
  /** To be called before the next file is asked for, or not at all. */
  read(): Promise<Buffer>;
};

/** Archives from before POSIX have no format mark. The package knows this option, its types do not. */
const OLD_FORMATS: Parameters<typeof extract>[0] & { allowUnknownFormat: boolean } = { allowUnknownFormat: true };

/** `name` is what errors call the archive. Throws FILE_DAMAGED and what readBytes throws. */
export async function* readTarFiles(source: ByteSource, name: string): AsyncGenerator<TarFile, void> {
  const tar = extract(OLD_FORMATS);
  const unpacking = pipeline(Readable.from(readBytes(source, name)), tar);
  // Its error also comes out of tar, or is thrown at the end.
  unpacking.catch(() => {});
  try {
    for await (const entry of tar) {
      let taken = false;
      async function read(): Promise<Buffer> {
        taken = true;
        const chunks: Buffer[] = [];
        for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
        return Buffer.concat(chunks);
      }
      if (entry.header.type === 'file') yield { path: entry.header.name, size: entry.header.size, read };
      if (!taken) entry.resume();
    }
    await unpacking;
  } catch (error) {
    if (error instanceof SentimentError) throw error;
    throw new SentimentError('FILE_DAMAGED', `${name} is broken or cut off, or no tar archive`, {
      cause: error,
      next: 'fetch the file again',
    });
  }
}
