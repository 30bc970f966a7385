/**
 * Counts and values kept aside and handed to prom-client in bulk, when someone scrapes or the room is full.
 *
 * prom-client checks and hashes the labels on every single call. In the midst of a request that costs more than all
 * the rest of the bookkeeping; in one tight loop, next to nothing.
 */

const ROOM = 256;

export class CountTally {
  readonly #counter: { inc(by: number): void };
  #count = 0;

  constructor(counter: { inc(by: number): void }) {
    this.#counter = counter;
  }

  add(): void {
    this.#count++;
  }

  flush(): void {
    if (this.#count > 0) this.#counter.inc(this.#count);
    this.#count = 0;
  }
}

export class ValueTally {
  readonly #histogram: { observe(value: number): void };
  readonly #values = new Float64Array(ROOM);
  #count = 0;

  constructor(histogram: { observe(value: number): void }) {
    this.#histogram = histogram;
  }

  add(value: number): void {
    this.#values[this.#count++] = value;
    if (this.#count === ROOM) this.flush();
  }

  flush(): void {
    for (let i = 0; i < this.#count; i++) this.#histogram.observe(this.#values[i]);
    this.#count = 0;
  }
}
