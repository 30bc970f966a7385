/**
 * Fetches a data file over HTTP into a temporary file, as a stream. Redirects are followed. Proxies are used as Node's
 * fetch does: with NODE_USE_ENV_PROXY=1 those of HTTP_PROXY and HTTPS_PROXY.
 */
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SentimentError, usageError } from '../errors.ts';
import { type Downloaded, type DownloadOptions, download, type Filling, isArchiveName } from './downloaded.ts';
import { findFormat } from './table_format.ts';

const NAME_OF_TYPE: Record<string, string> = {
  'text/csv': 'data.csv',
  'text/tab-separated-values': 'data.tsv',
  'application/jsonl': 'data.jsonl',
  'application/x-ndjson': 'data.jsonl',
};

const HTML = /^\s*(<!doctype html|<html)/i;

/** Throws ADDRESS_INVALID (2) or DOWNLOAD_FAILED: no connection, a status, silence, a web page or nothing at all. */
export function downloadHttp(address: string, options: DownloadOptions): Promise<Downloaded> {
  const url = parseAddress(address);
  // A query may hold a signature.
  const name = `${url.origin}${url.pathname}`;
  return download(
    name,
    options,
    async (filling) => {
      const response = await fetch(url, { signal: filling.signal });
      checkResponse(response, name);
      await save(response, name, filling);
      return fileNameOf(url, response);
    },
    reasonOf,
  );
}

function parseAddress(address: string): URL {
  const url = URL.parse(address);
  if (!url) throw usageError('ADDRESS_INVALID', `${address} is not a valid address`);
  if (url.username === '' && url.password === '') return url;
  throw usageError(
    'ADDRESS_INVALID',
    `the address on ${url.host} holds a user name or password, which would be written into the model's facts`,
    'fetch the file yourself and name its path, or use an address without',
  );
}

function checkResponse(response: Response, name: string): void {
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    const next = [401, 403].includes(response.status) ? 'the file is not public' : 'see whether the address is right';
    throw failed(`${name} answered ${status}`, next);
  }
  if (response.headers.get('content-type')?.startsWith('text/html')) throw webPage(name);
}

async function save(response: Response, name: string, { path, onChunk, signal }: Filling): Promise<void> {
  let bytes = 0;
  async function* checked(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunks) {
      onChunk();
      if (bytes === 0 && HTML.test(chunk.toString('latin1', 0, 200))) throw webPage(name);
      bytes += chunk.length;
      yield chunk;
    }
  }
  if (response.body) await pipeline(Readable.fromWeb(response.body), checked, createWriteStream(path), { signal });
  if (bytes === 0) throw failed(`${name} answered with nothing`, 'see whether the address is right');
}

/** The first of these that says a format: the address, where it led, the name the server gives, the content type. */
function fileNameOf(url: URL, response: Response): string {
  const given = /filename="?([^";]+)/i.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const type = response.headers.get('content-type')?.split(';')[0].trim().toLowerCase() ?? '';
  const own = basename(url.pathname);
  const names = [own, basename(new URL(response.url).pathname), given, NAME_OF_TYPE[type]];
  return names.find((name) => name !== undefined && (findFormat(name) || isArchiveName(name))) ?? own;
}

function webPage(name: string): SentimentError {
  return failed(
    `${name} answered with a web page, not with data`,
    'give the address of the file itself (on GitHub the "raw" one)',
  );
}

/** fetch says only "fetch failed"; the reason is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ('code' in cause ? String(cause.code) : error.message);
}

function failed(message: string, next: string): SentimentError {
  return new SentimentError('DOWNLOAD_FAILED', message, { next });
}
