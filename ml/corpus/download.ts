/**
 * Downloads a data file over HTTP or from S3 into a temporary file, as a stream.
 *
 * HTTP follows redirects, and uses proxies as Node's fetch does: with NODE_USE_ENV_PROXY=1 those of HTTP_PROXY and
 * HTTPS_PROXY.
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cannotWrite, diskTrouble, SentimentError, usageError } from '../errors.ts';
import { makeFolder } from '../files.ts';
import { openS3 } from '../s3.ts';
import { findFormat, isArchiveName } from './data_file.ts';

export type Downloaded = {
  /** The temporary file. */
  path: string;
  /** Its name at its source; the ending gives the format. */
  fileName: string;
  /** What reports and errors call it: the address without secrets. */
  name: string;
  remove(): void;
};

export type DownloadOptions = {
  /** Folder for the temporary file. */
  folder: string;
  log: (line: string) => void;
  /** What reports and errors call it, in place of the address without secrets. */
  name?: string;
  /** Longest time without a byte, in milliseconds; one minute by default. */
  idleTimeout?: number;
};

type Target = {
  /** The file to write. */
  path: string;
  /** Aborts when no chunk has arrived for too long. */
  signal: AbortSignal;
  /** Passes the chunks on, restarts the idle timer with each, and counts their bytes. */
  watch: (chunks: AsyncIterable<Buffer>) => AsyncGenerator<Buffer, void>;
  bytes: () => number;
};

const IDLE_TIMEOUT = 60_000;
const HTML = /^\s*(<!doctype html|<html)/i;

const NAME_OF_TYPE: Record<string, string> = {
  'text/csv': 'data.csv',
  'text/tab-separated-values': 'data.tsv',
  'application/jsonl': 'data.jsonl',
  'application/x-ndjson': 'data.jsonl',
};

/** Throws ADDRESS_INVALID (2) or DOWNLOAD_FAILED: no connection, a status, silence, a web page or an empty answer. */
export function downloadHttp(address: string, options: DownloadOptions): Promise<Downloaded> {
  const { url, headers } = parseAddress(address, options.name !== undefined);
  // A query may hold a signature.
  const { name = `${url.origin}${url.pathname}` } = options;
  return download(name, options, reasonOfHttp, async (target) => {
    const response = await fetch(url, { headers, signal: target.signal });
    checkResponse(response, name);
    await saveResponse(response, name, target);
    return fileNameOf(url, response);
  });
}

/** `address` is s3://BUCKET/KEY. Throws ADDRESS_INVALID (2) or DOWNLOAD_FAILED. */
export function downloadS3(
  address: string,
  options: DownloadOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Downloaded> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  if (bucket === undefined || key.endsWith('/')) {
    throw usageError(
      'ADDRESS_INVALID',
      `${address} is not s3://BUCKET/KEY`,
      'name one object, or all tables of a folder by a slash at the end',
    );
  }
  const { name = address } = options;
  return download(name, options, reasonOfS3, async ({ path, signal, watch, bytes }) => {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const client = await openS3(env);
    const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
      abortSignal: signal,
    });
    if (Body instanceof Readable) await pipeline(Body, watch, createWriteStream(path), { signal });
    client.destroy();
    if (bytes() === 0) throw new SentimentError('DOWNLOAD_FAILED', `${name} is empty`);
    if (ContentLength !== undefined && bytes() !== ContentLength) {
      throw new Error(`only ${bytes()} of ${ContentLength} bytes arrived`);
    }
    return basename(key);
  });
}

/**
 * Names of the objects under s3://BUCKET/PREFIX/, without the prefix, those in folders below and empty ones.
 *
 * Throws ADDRESS_INVALID (2) or DOWNLOAD_FAILED.
 */
export async function listS3(address: string, env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const [, Bucket, Prefix] = /^s3:\/\/([^/]+)\/(.*)$/.exec(address) ?? [];
  if (Bucket === undefined) throw usageError('ADDRESS_INVALID', `${address} is not s3://BUCKET/PREFIX/`);
  const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
  const client = await openS3(env);
  const names: string[] = [];
  try {
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix, Delimiter: '/' })) {
      for (const { Key = '', Size = 0 } of Contents) if (Size > 0) names.push(Key.slice(Prefix.length));
    }
  } catch (cause) {
    throw cannotFetch(address, reasonOfS3(cause), cause);
  } finally {
    client.destroy();
  }
  return names;
}

/**
 * `fetchInto` writes the file and returns its name at its source. A failure leaves no file.
 *
 * Throws the SentimentErrors of `fetchInto`; other errors as DOWNLOAD_FAILED with their `reasonOf`.
 */
async function download(
  name: string,
  { folder, log, idleTimeout = IDLE_TIMEOUT }: Omit<DownloadOptions, 'name'>,
  reasonOf: (error: unknown) => string,
  fetchInto: (target: Target) => Promise<string>,
): Promise<Downloaded> {
  log(`fetching ${name} ...`);
  makeFolder(folder);
  const own = mkdtempSync(join(folder, 'download-'));
  const remove = () => rmSync(own, { recursive: true, force: true });
  const path = join(own, 'data');
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), idleTimeout);
  let bytes = 0;
  async function* watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    for await (const chunk of chunks) {
      timer.refresh();
      bytes += chunk.length;
      yield chunk;
    }
  }
  try {
    const fileName = await fetchInto({ path, signal: abort.signal, watch, bytes: () => bytes });
    return { path, fileName, name, remove };
  } catch (error) {
    remove();
    if (error instanceof SentimentError) throw error;
    if (diskTrouble(error)) throw cannotWrite(path, error);
    const reason = abort.signal.aborted ? `no data arrived for ${idleTimeout / 1000} s` : reasonOf(error);
    throw cannotFetch(name, reason, error);
  } finally {
    clearTimeout(timer);
  }
}

function cannotFetch(name: string, reason: string, cause: unknown): SentimentError {
  return new SentimentError('DOWNLOAD_FAILED', `cannot fetch ${name}: ${reason}`, {
    cause,
    next: 'check the address and the network connection',
  });
}

/** User and password of the address become a header; `fetch` drops that when a redirect leads to another server. */
function parseAddress(address: string, isSecret: boolean): { url: URL; headers: Record<string, string> } {
  const url = URL.parse(address);
  if (!url) throw usageError('ADDRESS_INVALID', `${address} is not a valid address`);
  if (url.username === '' && url.password === '') return { url, headers: {} };
  if (!isSecret) {
    throw usageError(
      'ADDRESS_INVALID',
      `the address on ${url.host} holds a user name or password, which would end up in the model's facts`,
      "put the address into an environment variable and name that: export REVIEWS_URL='...', then env:REVIEWS_URL",
    );
  }
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url, headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}` } };
}

function checkResponse(response: Response, name: string): void {
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`.trim();
    const next = [401, 403].includes(response.status) ? 'the file is not public' : 'check the address';
    throw failed(`${name} answered ${status}`, next);
  }
  if (response.headers.get('content-type')?.startsWith('text/html')) throw webPage(name);
}

async function saveResponse(response: Response, name: string, { path, signal, watch, bytes }: Target): Promise<void> {
  async function* refusePage(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    let isFirst = true;
    for await (const chunk of chunks) {
      if (isFirst && HTML.test(chunk.toString('latin1', 0, 200))) throw webPage(name);
      isFirst = false;
      yield chunk;
    }
  }
  if (response.body) {
    await pipeline(Readable.fromWeb(response.body), watch, refusePage, createWriteStream(path), { signal });
  }
  if (bytes() === 0) throw failed(`${name} answered with an empty body`, 'check the address');
}

/** The first of these that tells a format: the address, its redirect, the server's name for it, the content type. */
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
    'use the address of the file itself (on GitHub the "raw" one)',
  );
}

function failed(message: string, next: string): SentimentError {
  return new SentimentError('DOWNLOAD_FAILED', message, { next });
}

/** fetch says only "fetch failed"; the reason is in the cause. */
function reasonOfHttp(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ('code' in cause ? String(cause.code) : error.message);
}

export function reasonOfS3(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reasons: Record<string, string> = {
    NoSuchBucket: 'there is no such bucket',
    NoSuchKey: 'there is no such object in the bucket',
    AccessDenied: 'access is denied to these credentials',
    CredentialsProviderError: 'no AWS credentials were found (AWS_PROFILE, AWS_ACCESS_KEY_ID and so on)',
  };
  return reasons[error.name] ?? (error.message || error.name);
}
