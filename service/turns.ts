/**
 * Shares the event loop between predictions, which keep it busy, and everything else, above all probes.
 *
 * A small request is scored at once, until a turn of the loop has scored for `turnMs`; what comes then, and every large request,
 * waits in a queue. Each turn takes some of it. Node accepts one connection a turn, and a probe opens a new one: while connections
 * come in, most turns score nothing.
 *
 * What would wait for too much work is refused ("controlled delay": Nichols and Jacobson 2012; Maurer, Fail at Scale, 2015).
 *
 * - Small requests: for more than SMALL_MS, so that hundreds of clients who wait for their answers only get them later.
 * - Large requests: for more than `turnMs`, or after the queue was empty a moment ago, for BURST_MS.
 *
 * Refusing takes time too, and thousands of connections can bring so much of it in one turn that what waits would be late. So in a turn
 * that has taken longer than `turnMs`, some is scored between refusals, for as long as they take. Shorter turns are left alone: that
 * would only make them longer, and probes wait for their end.
 */

/** Bodies from this size on are large. */
export const LARGE_BYTES = 16 * 1024;
const BURST_MS = 100;
/** After the last refusal. */
const CALM_MS = 1000;
/** Work that may wait in small requests. */
const SMALL_MS = 100;
/** A small request that was taken is refused after this time: there is other work in between, and other programs. */
const SMALL_LATE_MS = 2000;
/** A guess, until there were some. */
const SMALL_MEAN_MS = 0.1;
/** A small request counts for this many usual ones at most: what takes longer was interrupted by another program. */
const OUTLIER = 8;
/** A large request may wait for this many others of its kind. */
const LARGE_AHEAD = 1.5;
/** A large request that was taken is refused after this many times what its queue may hold. */
const LARGE_LATE = 5;
/** How long turns may accept connections only. */
const ACCEPTING_MS = 10;

export type Waiting = { run: () => void; refuse: () => void };
type Item = Waiting & { since: number };

type Policy = {
  /** Of a request, before there was one. */
  meanMs: number;
  /** How much of a request's time counts, beside the mean. */
  counted: (ms: number, meanMs: number) => number;
  /** The mean is of about this many. */
  over: number;
  /** Milliseconds of work that may wait. */
  mostMs: (meanMs: number, isBurst: boolean) => number;
  /** How long a request that was taken may wait. */
  lateMs: (mostMs: number) => number;
};

class Queue {
  readonly items = new Set<Item>();
  readonly #policy: Policy;
  /** When it was last empty without having refused anything lately. */
  #calmAt = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #meanMs: number;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.#meanMs = policy.meanMs;
  }

  get isEmpty(): boolean {
    return this.items.size === 0;
  }

  /** Whether what comes now would wait for too long, and is refused. */
  isFull(now: number): boolean {
    if (this.items.size * this.#meanMs <= this.#mostMs(now)) return false;
    this.#refusedAt = now;
    return true;
  }

  add(waiting: Waiting, now: number): Item {
    this.#mayBeCalm(now);
    const item = { ...waiting, since: now };
    this.items.add(item);
    return item;
  }

  /** Runs the first, after refusing those that others have kept waiting; for `otherMs` they may. */
  next(otherMs = 0): void {
    const began = performance.now();
    const lateMs = this.#policy.lateMs(this.#mostMs(began)) + otherMs;
    for (const item of this.items) {
      this.items.delete(item);
      if (began - item.since > lateMs) {
        this.#refusedAt = began;
        item.refuse();
        continue;
      }
      item.run();
      const now = performance.now();
      this.took(now - began);
      this.#mayBeCalm(now);
      return;
    }
  }

  took(ms: number): void {
    const { counted, over } = this.#policy;
    this.#meanMs += (counted(ms, this.#meanMs) - this.#meanMs) / over;
  }

  #mayBeCalm(now: number): void {
    if (this.isEmpty && now - this.#refusedAt > CALM_MS) this.#calmAt = now;
  }

  #mostMs(now: number): number {
    return this.#policy.mostMs(this.#meanMs, now - this.#calmAt <= BURST_MS);
  }
}

const small: Policy = {
  meanMs: SMALL_MEAN_MS,
  counted: (ms, meanMs) => Math.min(ms, OUTLIER * meanMs),
  over: 32,
  mostMs: () => SMALL_MS,
  lateMs: () => SMALL_LATE_MS,
};

const large = (turnMs: number): Policy => ({
  meanMs: turnMs,
  counted: (ms) => ms,
  over: 8,
  mostMs: (meanMs, isBurst) => Math.max(isBurst ? BURST_MS : turnMs, LARGE_AHEAD * meanMs),
  lateMs: (mostMs) => LARGE_LATE * mostMs,
});

export class Turns {
  readonly #turnMs: number;
  readonly #small: Queue;
  readonly #large: Queue;
  /** Milliseconds of scoring in this turn. */
  #worked = 0;
  #isTurn = false;
  #began = 0;
  #hasAccepted = false;
  /** Until when a turn that accepts a connection does nothing else. */
  #acceptingUntil = 0;
  /** A large request waits until the others, or connections, have had as much time as the last one. */
  #largeAgainAt = 0;
  /** What the last large request took. */
  #largeMs = 0;
  /** The end of the last time in which something was scored that had waited, and what it took. */
  #servedAt = 0;
  #servedMs = 0;

  constructor(turnMs: number) {
    this.#turnMs = turnMs;
    this.#small = new Queue(small);
    this.#large = new Queue(large(turnMs));
  }

  /** A connection came in; there may be more. */
  accepted(): void {
    this.#hasAccepted = true;
    this.#begin();
  }

  get isBusy(): boolean {
    return !this.#small.isEmpty || !this.#large.isEmpty;
  }

  /** Whether a body of this length has to be refused, before it is read. */
  isFull(length: number): boolean {
    const queue = length < LARGE_BYTES ? this.#small : this.#large;
    const now = performance.now();
    if (queue.isEmpty || !queue.isFull(now)) return false;
    this.#begin();
    const isLong = now - this.#began > this.#turnMs && now - this.#servedAt > this.#servedMs;
    if (isLong && this.#mayServe(now)) this.#serve();
    return true;
  }

  /** Whether a small request can be scored now. */
  get isFree(): boolean {
    return this.#worked < this.#turnMs && this.#small.isEmpty;
  }

  /** Scores now what `isFree` allows. */
  score<T>(work: () => T): T {
    this.#begin();
    const began = performance.now();
    try {
      return work();
    } finally {
      const took = performance.now() - began;
      this.#worked += took;
      this.#small.took(took);
    }
  }

  /** Returns how to leave the queue before one's turn. */
  wait(length: number, waiting: Waiting): () => void {
    const { items } = length < LARGE_BYTES ? this.#small : this.#large;
    const item = (length < LARGE_BYTES ? this.#small : this.#large).add(waiting, performance.now());
    this.#begin();
    return () => items.delete(item);
  }

  #begin(): void {
    if (this.#isTurn) return;
    this.#isTurn = true;
    this.#began = performance.now();
    setImmediate(() => this.#end());
  }

  /** After everything that the loop found in this turn. */
  #end(): void {
    this.#isTurn = false;
    if (this.#mayServe(performance.now())) this.#serve();
    this.#worked = 0;
    this.#hasAccepted = false;
    if (!this.#small.isEmpty || !this.#large.isEmpty) this.#begin();
  }

  #mayServe(now: number): boolean {
    return !this.#hasAccepted || now >= this.#acceptingUntil;
  }

  #serve(): void {
    const from = performance.now();
    const until = from + this.#turnMs - this.#worked;
    // They could not help waiting for a large request, and for what came in meanwhile.
    while (!this.#small.isEmpty && performance.now() < until) this.#small.next(2 * this.#largeMs);
    const began = performance.now();
    const isTime = this.#small.isEmpty && !this.#hasAccepted;
    if (!this.#large.isEmpty && (isTime || began >= this.#largeAgainAt)) {
      this.#large.next();
      this.#largeMs = performance.now() - began;
      this.#largeAgainAt = began + 2 * this.#largeMs;
    }
    this.#servedAt = performance.now();
    this.#servedMs = this.#servedAt - from;
    this.#acceptingUntil = this.#servedAt + ACCEPTING_MS;
  }
}
