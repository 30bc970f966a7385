/**
 * Counts and values that are buffered and passed to prom-client in bulk, at a scrape or when the buffer is full.
 *
 * prom-client checks and hashes the labels on every call. During a request that costs more than all other bookkeeping;
 * in one tight loop it costs almost nothing.
 */

import { bucketOf } from '../ml/model/profile.ts';

const CAPACITY = 256;

export class CountTally {
  readonly #counter: { inc(by: number): void };
  #count = 0;

  constructor(counter: { inc(by: number): void }) {
    this.#counter = counter;
  }

  add(by = 1): void {
    this.#count += by;
  }

  flush(): void {
    if (this.#count > 0) this.#counter.inc(this.#count);
    this.#count = 0;
  }
}

export class ValueTally {
  readonly #histogram: { observe(value: number): void };
  readonly #values = new Float64Array(CAPACITY);
  #count = 0;

  constructor(histogram: { observe(value: number): void }) {
    this.#histogram = histogram;
  }

  add(value: number): void {
    this.#values[this.#count++] = value;
    if (this.#count === CAPACITY) this.flush();
  }

  flush(): void {
    for (let i = 0; i < this.#count; i++) this.#histogram.observe(this.#values[i]);
    this.#count = 0;
  }
}

/** Counts the values that fall into each bucket, with one counter per bucket. */
export class BucketTally {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  readonly #counters: { inc(by: number): void }[];

  constructor(bounds: readonly number[], counters: { inc(by: number): void }[]) {
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
    this.#counters = counters;
    // rate() sees the first event only of a series that starts at 0.
    for (const counter of counters) counter.inc(0);
  }

  add(value: number): void {
    this.#counts[bucketOf(this.#bounds, value)]++;
  }

  flush(): void {
    this.#counters.forEach((counter, i) => {
      if (this.#counts[i] > 0) counter.inc(this.#counts[i]);
    });
    this.#counts.fill(0);
  }
}
