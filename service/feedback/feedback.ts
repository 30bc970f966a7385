/**
 * What people say about the answers: one JSON line for each, kept for the next training. Off unless FEEDBACK_TO is set.
 *
 *     file:FOLDER          lines are in FOLDER once they are acknowledged
 *     s3://BUCKET/PREFIX   lines are in FEEDBACK_SPOOL once they are acknowledged, and in the bucket
 *                          FEEDBACK_UPLOAD_SECONDS later; what a killed process leaves, the next start uploads
 *
 * So every acknowledged line is there exactly once, as long as the folder outlives the process. A post that is sent again
 * with the same request_id, label and text, because its acknowledgement was lost, is not stored again.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { SentimentError } from '../../ml/errors.ts';
import type { Environment, ServiceConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { RequestError } from '../request.ts';
import { Journal, JournalError } from './journal.ts';
import { type Bucket, s3Put, Uploads } from './uploads.ts';

/** A file is uploaded at this size, if not before. */
const UPLOAD_BYTES = 1024 * 1024;
/** As many recent posts are known again. */
const REMEMBERED = 10_000;
/** Of the file that the process before left. */
const REMEMBERED_BYTES = 4 * 1024 * 1024;

export const REJECTIONS = ['full', 'busy', 'failed', 'away'] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** A line, as stored. */
export type Judgement = {
  /** ISO 8601. */
  time: string;
  /** The request that brought it. */
  id: string;
  text: string;
  /** What the person says. */
  label: string;
  /** What the model says. */
  predicted: string;
  /** Version of the model. */
  model: string;
  /** The request whose answer is judged. */
  request_id?: string | undefined;
  note?: string | undefined;
};

type Settings = Pick<ServiceConfig, 'feedbackTo' | 'feedbackSpool' | 'feedbackMaxBytes' | 'feedbackUploadSeconds'>;

export class Feedback {
  readonly #journal: Journal;
  readonly #uploads: Uploads | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #recent = new Map<string, Promise<void>>();

  private constructor(journal: Journal, uploads: Uploads | undefined, uploadSeconds: number) {
    this.#journal = journal;
    this.#uploads = uploads;
    if (uploads) this.#timer = setInterval(() => void this.#collect(), 1000 * uploadSeconds).unref();
  }

  /** Returns undefined if feedback is off. Throws FEEDBACK_FOLDER if the folder cannot be written to. */
  static async open(config: Settings, env: Environment, log: Log): Promise<Feedback | undefined> {
    if (config.feedbackTo === '') return undefined;
    const bucket = bucketOf(config.feedbackTo);
    const folder = bucket ? config.feedbackSpool : config.feedbackTo.slice('file:'.length);
    const put = bucket && s3Put(bucket.name, env);
    const uploads = bucket && put && new Uploads(bucket, put, log, (bytes) => journal.removed(bytes));
    let journal: Journal;
    let left: string[];
    try {
      journal = await Journal.open({
        folder,
        maxBytes: config.feedbackMaxBytes,
        ...(uploads && { fileBytes: UPLOAD_BYTES, onSealed: (path) => uploads.add(path) }),
      });
      left = await journal.repair();
    } catch (cause) {
      const setting = bucket ? 'FEEDBACK_SPOOL' : 'FEEDBACK_TO';
      throw new SentimentError('FEEDBACK_FOLDER', `cannot write feedback to the folder ${folder} of ${setting}`, {
        next: 'name a folder that this user may write to; in a container that is a volume',
        cause,
      });
    }
    const feedback = new Feedback(journal, uploads, config.feedbackUploadSeconds);
    const last = left.at(-1);
    if (last !== undefined) await feedback.#remember(last);
    for (const path of left) uploads?.add(path);
    return feedback;
  }

  /** Bytes that wait for the bucket, or are in the folder. */
  get bytes(): number {
    return this.#journal.bytes;
  }

  /** Whether the last upload failed. */
  get isAway(): boolean {
    return this.#uploads?.isAway === true;
  }

  /** Resolves when the line is stored, to whether it is new. Rejects with FeedbackRefused. */
  async add(judgement: Judgement): Promise<boolean> {
    if (this.isAway) throw new FeedbackRefused('away');
    const key = keyOf(judgement);
    const before = key && this.#recent.get(key);
    if (before) {
      await before;
      return false;
    }
    const stored = this.#append(judgement);
    if (key !== undefined) {
      this.#know(key, stored);
      stored.catch(() => this.#recent.delete(key));
    }
    await stored;
    return true;
  }

  /** Uploads what waits, for at most this long. Returns the number of files that remain in the folder for the next start. */
  async close(ms: number): Promise<number> {
    clearInterval(this.#timer);
    await this.#journal.seal();
    return (await this.#uploads?.finish(ms)) ?? 0;
  }

  async #append(judgement: Judgement): Promise<void> {
    try {
      await this.#journal.append(`${JSON.stringify(judgement)}\n`);
    } catch (error) {
      throw error instanceof JournalError ? new FeedbackRefused(error.reason, error.cause) : error;
    }
  }

  /** Hands this process's lines to the uploads, and those of processes that ended since. */
  async #collect(): Promise<void> {
    await this.#journal.seal().catch(() => {});
    for (const path of await this.#journal.repair().catch(() => [])) this.#uploads?.add(path);
  }

  async #remember(path: string): Promise<void> {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      const start = Math.max(0, size - REMEMBERED_BYTES);
      const bytes = Buffer.alloc(size - start);
      await handle.read(bytes, 0, bytes.length, start);
      const lines = bytes
        .toString()
        .split('\n')
        .slice(start > 0 ? 1 : 0, -1);
      for (const line of lines.slice(-REMEMBERED)) {
        const key = keyOf(parse(line));
        if (key !== undefined) this.#know(key, Promise.resolve());
      }
    } finally {
      await handle.close();
    }
  }

  #know(key: string, stored: Promise<void>): void {
    this.#recent.set(key, stored);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > REMEMBERED) this.#recent.delete(oldest);
  }
}

const REASONS: Record<Rejection, { message: string; retryAfter: number }> = {
  full: { message: 'the folder for feedback is full', retryAfter: 60 },
  busy: { message: 'the disk for feedback is too slow', retryAfter: 1 },
  failed: { message: 'feedback cannot be written to the disk', retryAfter: 30 },
  away: { message: 'the place where feedback is stored cannot be reached', retryAfter: 30 },
};

/** 503 with Retry-After. */
export class FeedbackRefused extends RequestError {
  readonly reason: Rejection;

  constructor(reason: Rejection, cause?: unknown) {
    const { message, retryAfter } = REASONS[reason];
    const headers = { 'Retry-After': String(retryAfter) };
    super(503, `FEEDBACK_${reason.toUpperCase()}`, message, { next: 'send it again later', headers, cause });
    this.name = 'FeedbackRefused';
    this.reason = reason;
  }
}

function parse(line: string): Partial<Judgement> {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

/** The same for two posts that say the same of the same answer; undefined if they do not say of which. */
function keyOf({ request_id, label, text }: Partial<Judgement>): string | undefined {
  if (request_id === undefined) return undefined;
  return createHash('sha256').update(`${request_id}\n${label}\n${text}`).digest('base64').slice(0, 22);
}

/** Undefined for a folder. */
function bucketOf(address: string): Bucket | undefined {
  const [, name, prefix] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  return name === undefined
    ? undefined
    : { name, prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/` };
}
