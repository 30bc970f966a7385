/**
 * What the service takes on at once. Above it, a client gets 503 with Retry-After, and probes and scrapes are still answered.
 *
 * Bytes: bodies that are arriving and answers that are not read yet share `maxBytes`. When they need more, the oldest of those
 * that take longer than SLOW_MS is given up; if there is none, the newcomer. So slow clients cannot keep out the others.
 *
 * Time: a text is scored on the event loop, which does nothing else meanwhile. A turn of the loop that has scored for
 * `turnMs` refuses the rest of the requests that it finds; and large requests run one at a time, with turns for the others in between.
 */
import type { ServerResponse } from 'node:http';
import type { ServiceConfig } from './config.ts';
import { overloaded } from './request.ts';

const SLOW_MS = 1000;
/** A turn with fewer requests is not overloaded; one of them was large. */
const FEW_REQUESTS = 64;
/** Bodies from this size on are large. */
const LARGE_BYTES = 16 * 1024;
/** How long a large request waits for its turn. */
const LONGEST_WAIT_MS = 2000;
/** Turns of the loop between two large requests: in each, libuv accepts one connection, which may be a probe's. */
const TURNS_BETWEEN = 100;
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

type Waiting = { transfer: Transfer; run: () => void; refuse: () => void };

export class Admission {
  readonly #maxBytes: number;
  readonly #turnMs: number;
  readonly #unreadMs: number;
  readonly #onRefusal: (reason: Refusal) => void;
  /** The oldest first. */
  readonly #transfers = new Set<Transfer>();
  #bytes = 0;
  #turnBegan = 0;
  #turnRequests = 0;
  /** The oldest first. */
  readonly #waiting = new Set<Waiting>();
  #isScheduled = false;

  constructor(limits: Limits, onRefusal: (reason: Refusal) => void = () => {}) {
    this.#maxBytes = limits.maxBytesInFlight;
    this.#turnMs = limits.maxTurnMs;
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

  /** Scores the texts of a body of this length. Throws or rejects with RequestError 503. */
  work<T>(length: number, score: () => T): T | Promise<T> {
    if (length >= LARGE_BYTES) return this.#inTurn(length, score);
    this.#checkTurn();
    return score();
  }

  /** Throws RequestError 503 if this turn has worked for long enough. */
  #checkTurn(): void {
    const now = performance.now();
    if (this.#turnRequests++ === 0) {
      this.#turnBegan = now;
      setImmediate(() => {
        this.#turnRequests = 0;
      });
    }
    if (this.#turnRequests <= FEW_REQUESTS || now - this.#turnBegan <= this.#turnMs) return;
    this.#onRefusal('time');
    throw overloaded('the service has more requests than it can answer');
  }

  /**
   * Runs `work`, which keeps `bytes` in memory, in a turn of the loop without other large work. Rejects with RequestError 503 if
   * that takes too long.
   */
  #inTurn<T>(bytes: number, work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refuse = () => reject(overloaded('the service has more large requests than it can answer'));
      const waiting: Waiting = {
        transfer: this.begin(() => {
          this.#waiting.delete(waiting);
          refuse();
        }),
        run() {
          try {
            resolve(work());
          } catch (error) {
            reject(error);
          }
        },
        refuse,
      };
      if (!this.grow(waiting.transfer, bytes)) return refuse();
      this.#waiting.add(waiting);
      this.#schedule();
    });
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

  #next(): void {
    this.#isScheduled = false;
    const [first] = this.#waiting;
    if (!first) return;
    this.#waiting.delete(first);
    this.end(first.transfer);
    if (performance.now() - first.transfer.since > LONGEST_WAIT_MS) {
      this.#onRefusal('time');
      first.refuse();
    } else first.run();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0) return;
    this.#isScheduled = true;
    let turns = TURNS_BETWEEN;
    const turn = () => {
      if (turns-- > 0) setImmediate(turn);
      else this.#next();
    };
    turn();
  }
}
