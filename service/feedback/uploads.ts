/**
 * Uploads files of the journal to S3, one after the other, and deletes each when the bucket has it.
 *
 * An object's key is the file's name, so that a file that was uploaded twice, because the process was killed in between, is
 * one object. While the bucket is away, it is asked again after 1, 2, 4 and up to 30 seconds.
 *
 * ml/s3.ts says where credentials, region and endpoint come from.
 */
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openS3 } from '../../ml/s3.ts';
import type { Environment } from '../config.ts';
import type { Log } from '../log.ts';

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const TIMEOUT = 20_000;

export type Bucket = { name: string /** With a slash at its end, or empty. */; prefix: string };

/** Stores an object; rejects if it cannot. */
export type Put = (key: string, body: Buffer, signal: AbortSignal) => Promise<void>;

export class Uploads {
  readonly #bucket: Bucket;
  readonly #put: Put;
  readonly #log: Log;
  readonly #onUploaded: (bytes: number) => void;
  readonly #waiting = new Set<string>();
  readonly #giveUp = new AbortController();
  #pause = new AbortController();
  #running: Promise<void> | undefined;
  #isFinishing = false;
  #isAway = false;

  constructor(bucket: Bucket, put: Put, log: Log, onUploaded: (bytes: number) => void) {
    this.#bucket = bucket;
    this.#put = put;
    this.#log = log;
    this.#onUploaded = onUploaded;
  }

  /** Whether the last upload failed. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Uploads and deletes this file, in the background. */
  add(path: string): void {
    this.#waiting.add(path);
    this.#running ??= this.#run();
  }

  /** Tries for this long to upload what waits. Returns the number of files that still wait. */
  async finish(ms: number): Promise<number> {
    this.#isFinishing = true;
    const timer = setTimeout(() => this.#giveUp.abort(), ms);
    this.#pause.abort();
    await this.#running;
    clearTimeout(timer);
    return this.#waiting.size;
  }

  async #run(): Promise<void> {
    // A file that is added meanwhile is visited too.
    for (const path of this.#waiting) {
      for (let pause = FIRST_PAUSE; !(await this.#upload(path)); pause = Math.min(2 * pause, LONGEST_PAUSE)) {
        await this.#sleep(this.#isFinishing ? FIRST_PAUSE : pause);
        if (this.#giveUp.signal.aborted) return;
      }
      this.#waiting.delete(path);
    }
    this.#running = undefined;
  }

  /** Returns whether this file is settled. */
  async #upload(path: string): Promise<boolean> {
    const { name, prefix } = this.#bucket;
    try {
      const body = await readFile(path);
      const signal = AbortSignal.any([this.#giveUp.signal, AbortSignal.timeout(TIMEOUT)]);
      // The time may have passed while the file was read.
      signal.throwIfAborted();
      await this.#put(`${prefix}${basename(path)}`, body, signal);
      await rm(path, { force: true });
      this.#onUploaded(body.length);
    } catch (error) {
      // Somebody erased it.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
      if (!this.#isAway) {
        const reason = error instanceof Error ? error.message || error.name : String(error);
        this.#log.warn('cannot upload feedback, so no more is taken until that works', { bucket: name, reason });
      }
      this.#isAway = true;
      return false;
    }
    if (this.#isAway) this.#log.info('feedback is uploaded again', { bucket: name });
    this.#isAway = false;
    return true;
  }

  async #sleep(ms: number): Promise<void> {
    this.#pause = new AbortController();
    const signal = AbortSignal.any([this.#giveUp.signal, this.#pause.signal]);
    await wait(ms, undefined, { signal, ref: this.#isFinishing }).catch(() => {});
  }
}

export function s3Put(bucket: string, env: Environment): Put {
  let client: Promise<{ put: Put }> | undefined;
  return async (key, body, signal) => {
    client ??= openClient(bucket, env);
    await (await client).put(key, body, signal);
  };
}

async function openClient(bucket: string, env: Environment): Promise<{ put: Put }> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const client = await openS3(env);
  const put: Put = async (Key, Body, abortSignal) => {
    const ContentType = 'application/jsonl';
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType }), { abortSignal });
  };
  return { put };
}
