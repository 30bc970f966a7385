/** A file fetched for one run only, into a temporary file; what the two ways of fetching have in common. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SentimentError } from '../errors.ts';

export type Downloaded = {
  /** Where it is on this machine. */
  path: string;
  /** What it is called where it came from; its ending says the format. */
  fileName: string;
  /** What reports and errors call it: the address, without what may be secret. */
  name: string;
  remove(): void;
};

export type DownloadOptions = {
  /** Folder for the temporary file. */
  folder: string;
  log: (line: string) => void;
  /** Longest time without a byte, in milliseconds; one minute by default. */
  idleTimeout?: number;
};

export type Filling = {
  /** The file to write. */
  path: string;
  signal: AbortSignal;
  /** Call it for each chunk that comes: without one for too long, the signal aborts. */
  onChunk: () => void;
};

const IDLE_TIMEOUT = 60_000;

/**
 * Lets `fill` write a temporary file and give the name it has where it comes from. Nothing is left when that fails.
 *
 * Throws DOWNLOAD_FAILED, with what `reasonOf` makes of the error, unless it is a SentimentError already.
 */
export async function download(
  name: string,
  { folder, log, idleTimeout = IDLE_TIMEOUT }: DownloadOptions,
  fill: (filling: Filling) => Promise<string>,
  reasonOf: (error: unknown) => string,
): Promise<Downloaded> {
  log(`fetching ${name} ...`);
  mkdirSync(folder, { recursive: true });
  const own = mkdtempSync(join(folder, 'download-'));
  const remove = () => rmSync(own, { recursive: true, force: true });
  const path = join(own, 'data');
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), idleTimeout);
  try {
    const fileName = await fill({ path, signal: abort.signal, onChunk: () => timer.refresh() });
    return { path, fileName, name, remove };
  } catch (error) {
    remove();
    if (error instanceof SentimentError) throw error;
    const reason = abort.signal.aborted ? `no byte came for ${idleTimeout / 1000} s` : reasonOf(error);
    throw new SentimentError('DOWNLOAD_FAILED', `cannot fetch ${name}: ${reason}`, {
      cause: error,
      next: 'see whether the address is right and the network is up',
    });
  } finally {
    clearTimeout(timer);
  }
}

export function isArchiveName(name: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(name);
}
