/**
 * What the service takes on at once. Above it, a client gets 503 with Retry-After, and probes and scrapes are still answered.
 *
 * Bytes: bodies that are arriving and answers that are not read yet share `maxBytes`. When they need more, the oldest of those
 * that take longer than SLOW_MS is given up; if there is none, the newcomer. So slow clients cannot keep out the others.
 *
 * Time: see turns.ts.
 */
import type { ServerResponse } from 'node:http';
import type { ServiceConfig } from './config.ts';
import { overloaded, type RequestError } from './request.ts';
import { LARGE_BYTES, Turns } from './turns.ts';

const SLOW_MS = 1000;
/** One for all: to make an error, its stack and its text without secrets takes longer than a short prediction. */
const busy = overloaded('the service has more requests than it can answer');
/** What a chunk costs beside its bytes. */
const CHUNK_BYTES = 256;

export const REFUSALS = ['bytes', 'time'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Bytes on their way in or out. */
export type Transfer = {
  bytes: number;
  /** performance.now() at its beginning. */
  since: number;
  /** Ends it: its bytes are needed for others. */
  giveUp: () => void;
};

type Limits = Pick<ServiceConfig, 'maxBytesInFlight' | 'maxTurnMs' | 'requestSeconds'>;

export class Admission {
  readonly #maxBytes: number;
  readonly #unreadMs: number;
  readonly #onRefusal: (reason: Refusal) => void;
  /** The oldest first. */
  readonly #transfers = new Set<Transfer>();
  #bytes = 0;
  readonly #turns: Turns;

  constructor(limits: Limits, onRefusal: (reason: Refusal) => void = () => {}) {
    this.#maxBytes = limits.maxBytesInFlight;
    this.#turns = new Turns(limits.maxTurnMs);
    this.#unreadMs = 1000 * limits.requestSeconds;
    this.#onRefusal = onRefusal;
  }

  /** Bytes on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(giveUp: () => void): Transfer {
    const transfer = { bytes: 0, since: performance.now(), giveUp };
    this.#transfers.add(transfer);
    return transfer;
  }

  /** Returns whether there is room; without it, the transfer is over. */
  grow(transfer: Transfer, bytes: number): boolean {
    const more = bytes + CHUNK_BYTES;
    transfer.bytes += more;
    this.#bytes += more;
    while (this.#bytes > this.#maxBytes) {
      const [oldest] = this.#transfers;
      const isSlow = oldest !== undefined && performance.now() - oldest.since > SLOW_MS;
      const loser = isSlow ? oldest : transfer;
      this.end(loser);
      this.#onRefusal('bytes');
      if (loser === transfer) return false;
      loser.giveUp();
    }
    return true;
  }

  /** May be called twice. */
  end(transfer: Transfer): void {
    if (this.#transfers.delete(transfer)) this.#bytes -= transfer.bytes;
  }

  /** A connection came in. */
  accepted(): void {
    this.#turns.accepted();
  }

  /** Whether anything waits for its turn. */
  get isBusy(): boolean {
    return this.#turns.isBusy;
  }

  /** Whether a body of this length would be refused for its time, so that it need not be read. */
  isFull(length: number): boolean {
    return this.#turns.isFull(length);
  }

  /** Scores the texts of a body of this length, now or in a later turn of the loop. Throws or rejects with RequestError 503. */
  work<T>(length: number, score: () => T): T | Promise<T> {
    if (length < LARGE_BYTES && this.#turns.isFree) return this.#turns.score(score);
    if (this.isFull(length)) throw this.tooBusy();
    return new Promise<T>((resolve, reject) => {
      let leave = () => {};
      const transfer = this.begin(() => {
        leave();
        reject(busy);
      });
      if (!this.grow(transfer, length)) return reject(busy);
      leave = this.#turns.wait(length, {
        run: () => {
          this.end(transfer);
          try {
            resolve(score());
          } catch (error) {
            reject(error);
          }
        },
        refuse: () => {
          this.end(transfer);
          reject(this.tooBusy());
        },
      });
    });
  }

  /** The refusal for time, counted. */
  tooBusy(): RequestError {
    this.#onRefusal('time');
    return busy;
  }

  /** Counts an answer of this size until its client has read it, or does not read on for too long. Returns whether there is room. */
  send(response: ServerResponse, bytes: number): boolean {
    if (bytes < LARGE_BYTES) return true;
    const transfer = this.begin(() => response.destroy());
    response.once('close', () => this.end(transfer));
    // A timeout of all sockets would cost every request a hundredth.
    response.setTimeout(this.#unreadMs, () => response.destroy());
    return this.grow(transfer, bytes);
  }
}
