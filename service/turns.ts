/**
 * Shares the event loop between predictions, which keep it busy, and everything else, above all probes.
 *
 * A small request is scored at once, until a turn of the loop has scored for `turnMs`; what comes then, and every large request,
 * waits in a queue. Each turn takes some of it. Node accepts one connection a turn, and a probe opens a new one: while connections
 * come in, most turns score nothing.
 *
 * A queue that never empties is overloaded: it holds no more work than `turnMs`, and refuses the rest. One that was empty a moment
 * ago has a burst, and holds BURST_MS of work ("controlled delay": Nichols and Jacobson 2012; Maurer, Fail at Scale, 2015).
 */

/** Bodies from this size on are large. */
export const LARGE_BYTES = 16 * 1024;
const BURST_MS = 100;
/** After the last refusal. */
const CALM_MS = 1000;
/** A small request may always wait for this many others. */
const SMALL_AHEAD = 8;
/** A large request may wait for this many others of its kind. */
const LARGE_AHEAD = 1.5;
/** A request that was taken is refused after this many times what its queue may hold: there is other work in between. */
const LATE = 5;
/** How long turns may accept connections only. */
const ACCEPTING_MS = 10;

export type Waiting = { run: () => void; refuse: () => void };
type Item = Waiting & { since: number };

class Queue {
  readonly items = new Set<Item>();
  /** Milliseconds of work that may wait while the queue is overloaded. */
  readonly #most: (meanMs: number) => number;
  /** When it was last empty without having refused anything lately. */
  #calmAt = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;
  /** Of the last ones, in milliseconds. */
  #meanMs: number;

  constructor(meanMs: number, most: (meanMs: number) => number) {
    this.#meanMs = meanMs;
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.items.size === 0;
  }

  /** Whether what comes now would wait for too long, and is refused. */
  isFull(now: number): boolean {
    if (this.items.size * this.#meanMs <= this.#limit(now)) return false;
    this.#refusedAt = now;
    return true;
  }

  add(waiting: Waiting, now: number): Item {
    this.#mayBeCalm(now);
    const item = { ...waiting, since: now };
    this.items.add(item);
    return item;
  }

  /** Runs the first, or refuses it if others have kept it waiting; for `otherMs` they may. */
  next(otherMs = 0): void {
    const [item] = this.items;
    this.items.delete(item);
    const began = performance.now();
    if (began - item.since > LATE * this.#limit(began) + otherMs) {
      this.#refusedAt = began;
      item.refuse();
      return;
    }
    item.run();
    const now = performance.now();
    this.took(now - began);
    this.#mayBeCalm(now);
  }

  took(milliseconds: number): void {
    this.#meanMs += (milliseconds - this.#meanMs) / 8;
  }

  #mayBeCalm(now: number): void {
    if (this.isEmpty && now - this.#refusedAt > CALM_MS) this.#calmAt = now;
  }

  #limit(now: number): number {
    const most = this.#most(this.#meanMs);
    return now - this.#calmAt > BURST_MS ? most : Math.max(most, BURST_MS);
  }
}

export class Turns {
  readonly #turnMs: number;
  readonly #small: Queue;
  readonly #large: Queue;
  /** Milliseconds of scoring in this turn. */
  #worked = 0;
  #isTurn = false;
  #hasAccepted = false;
  /** Until when a turn that accepts a connection does nothing else. */
  #acceptingUntil = 0;
  /** A large request waits until the others, or connections, have had as much time as the last one. */
  #largeAgainAt = 0;
  /** What the last large request took. */
  #largeMs = 0;

  constructor(turnMs: number) {
    this.#turnMs = turnMs;
    this.#small = new Queue(0, (meanMs) => Math.max(turnMs, SMALL_AHEAD * meanMs));
    this.#large = new Queue(turnMs, (meanMs) => Math.max(turnMs, LARGE_AHEAD * meanMs));
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
    return !queue.isEmpty && queue.isFull(performance.now());
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
      // One that takes long says little about the others.
      this.#small.took(Math.min(took, this.#turnMs));
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
    setImmediate(() => this.#end());
  }

  /** After everything that the loop found in this turn. */
  #end(): void {
    this.#isTurn = false;
    if (!this.#hasAccepted || performance.now() >= this.#acceptingUntil) this.#serve();
    this.#worked = 0;
    this.#hasAccepted = false;
    if (!this.#small.isEmpty || !this.#large.isEmpty) this.#begin();
  }

  #serve(): void {
    const until = performance.now() + this.#turnMs - this.#worked;
    // They could not help waiting for a large request, and for what came in meanwhile.
    while (!this.#small.isEmpty && performance.now() < until) this.#small.next(2 * this.#largeMs);
    const began = performance.now();
    const isTime = this.#small.isEmpty && !this.#hasAccepted;
    if (!this.#large.isEmpty && (isTime || began >= this.#largeAgainAt)) {
      this.#large.next();
      this.#largeMs = performance.now() - began;
      this.#largeAgainAt = began + 2 * this.#largeMs;
    }
    this.#acceptingUntil = performance.now() + ACCEPTING_MS;
  }
}
