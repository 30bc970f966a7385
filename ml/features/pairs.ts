/**
 * N-grams as chained pairs: an open-addressing hash table of (left, right). `left` is the first unit of an n-gram, a
 * number from 0 on, or ~p for the pair p that the n-gram continues; `right` is the unit that it adds. So a bigram of words is one
 * pair of ids, a trigram that pair and one more id, and every n-gram is exact: nothing is compared by its hash alone.
 *
 * Each pair stands in one record with its column, since whoever finds a pair asks for that next.
 */
import { mixHash, slotsFor } from '../text/words.ts';

/** In place of a left: nothing can be joined to it. */
export const NO_PAIR = 0x7fffffff;

/** Numbers of a record: left, right, column or -1. */
export const RECORD = 3;

/** How many slots share 32 bits of the filter: with 8, a pair has 8 to 16 bits, and one of 8 to 16 unknown pairs passes. */
const FILTER_SHARE = 8;

/** How many pairs findAll takes at most. */
export const CHUNK = 256;
// Of the pairs that pass the filter in findAll: their places, lefts, hashes and slots. Arrays that never change place are read
// faster than those of an object.
const places = new Int32Array(CHUNK);
const own = new Int32Array(CHUNK);
const hashes = new Int32Array(CHUNK);
const entries = new Int32Array(CHUNK);

export class Pairs {
  #records: Int32Array<ArrayBuffer>;
  /** 0 if empty, else pair + 1 and bits of the hash, as in Words. */
  #slots: Int32Array<ArrayBuffer>;
  #size: number;
  /** Bits; that of the hash of each pair is set (Bloom 1970, with one hash). Made when it is first needed. */
  #filter: Int32Array<ArrayBuffer> | undefined;

  /** `records` are used in place. Throws RangeError if they hold a pair twice. */
  constructor(records?: Int32Array<ArrayBuffer>) {
    this.#records = records ?? new Int32Array(RECORD << 10);
    this.#size = records ? records.length / RECORD : 0;
    this.#slots = this.#table(slotsFor(this.#size));
  }

  get size(): number {
    return this.#size;
  }

  /** RECORD numbers for each pair; valid until one is added. */
  get records(): Int32Array<ArrayBuffer> {
    return this.#records.subarray(0, RECORD * this.#size);
  }

  left(pair: number): number {
    return this.#records[RECORD * pair];
  }

  right(pair: number): number {
    return this.#records[RECORD * pair + 1];
  }

  /** -1 if the pair is only the beginning of n-grams. */
  column(pair: number): number {
    return this.#records[RECORD * pair + 2];
  }

  setColumn(pair: number, column: number): void {
    this.#records[RECORD * pair + 2] = column;
  }

  /** The pair of both; -1 if there is none. */
  find(left: number, right: number): number {
    const slots = this.#slots;
    const records = this.#records;
    const mask = slots.length - 1;
    const mixed = hashOf(left, right);
    for (let slot = mixed & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot];
      if (entry === 0) return -1;
      if (((entry ^ mixed) & ~mask) !== 0) continue;
      const pair = (entry & mask) - 1;
      if (records[RECORD * pair] === left && records[RECORD * pair + 1] === right) return pair;
    }
  }

  /**
   * Replaces each of the first `count` lefts by ~p for the pair p with the right at its place from `at` on, or by NO_PAIR, and writes
   * the column of p, or -1, to the same place of `columns` from `base` on. The filter says of most unknown pairs that they are.
   * What the others would wait for, one after another, are memory fetches side by side: first all slots, then all records. At most
   * CHUNK of them.
   */
  findAll(lefts: Int32Array, rights: Int32Array, at: number, count: number, columns: Int32Array, base: number): void {
    const filter = this.#filter ?? this.#makeFilter();
    const shift = Math.clz32(32 * filter.length - 1);
    const slots = this.#slots;
    const records = this.#records;
    const mask = slots.length - 1;
    let maybe = 0;
    for (let i = 0; i < count; i++) {
      const left = lefts[i];
      const mixed = hashOf(left, rights[at + i]);
      const bit = mixed >>> shift;
      places[maybe] = i;
      own[maybe] = left;
      hashes[maybe] = mixed;
      lefts[i] = NO_PAIR;
      columns[base + i] = -1;
      // No branch, since nobody could foretell it.
      maybe += (filter[bit >>> 5] >>> (bit & 31)) & 1;
    }
    for (let k = 0; k < maybe; k++) entries[k] = slots[hashes[k] & mask];
    for (let k = 0; k < maybe; k++) {
      const mixed = hashes[k];
      const left = own[k];
      const right = rights[at + places[k]];
      let slot = mixed & mask;
      for (let entry = entries[k]; entry !== 0; entry = slots[slot]) {
        const pair = (entry & mask) - 1;
        const isSame =
          ((entry ^ mixed) & ~mask) === 0 && records[RECORD * pair] === left && records[RECORD * pair + 1] === right;
        if (isSame) {
          lefts[places[k]] = ~pair;
          columns[base + places[k]] = records[RECORD * pair + 2];
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
  }

  /**
   * Writes to `found` the pair of each of `count` neighbours in `units` from `at` on, or -1 if it has to be searched: `add` of one
   * after another would wait for memory each time. At most CHUNK of them.
   */
  guessAll(units: Int32Array, at: number, count: number, found: Int32Array): void {
    const slots = this.#slots;
    const records = this.#records;
    const mask = slots.length - 1;
    for (let i = 0; i < count; i++) {
      const mixed = hashOf(units[at + i], units[at + i + 1]);
      const entry = slots[mixed & mask];
      entries[i] = ((entry ^ mixed) & ~mask) === 0 ? (entry & mask) - 1 : -1;
    }
    for (let i = 0; i < count; i++) {
      const pair = entries[i];
      const isSame =
        pair >= 0 && records[RECORD * pair] === units[at + i] && records[RECORD * pair + 1] === units[at + i + 1];
      found[i] = isSame ? pair : -1;
    }
  }

  #makeFilter(): Int32Array<ArrayBuffer> {
    const filter = new Int32Array(this.#slots.length / FILTER_SHARE);
    const shift = Math.clz32(32 * filter.length - 1);
    for (let pair = 0; pair < this.#size; pair++) {
      const bit = hashOf(this.left(pair), this.right(pair)) >>> shift;
      filter[bit >>> 5] |= 1 << (bit & 31);
    }
    this.#filter = filter;
    return filter;
  }

  /** The pair of both, which is added without a column if there is none. */
  add(left: number, right: number): number {
    const found = this.find(left, right);
    if (found >= 0) return found;
    const pair = this.#size++;
    this.#filter = undefined;
    if (RECORD * this.#size > this.#records.length) {
      this.#records = new Int32Array(this.#records.buffer.transfer(this.#records.length * 8));
    }
    this.#records[RECORD * pair] = left;
    this.#records[RECORD * pair + 1] = right;
    this.#records[RECORD * pair + 2] = -1;
    if (2 * this.#size > this.#slots.length) this.#slots = this.#table(2 * this.#slots.length);
    else this.#insert(this.#slots, pair);
    return pair;
  }

  #table(capacity: number): Int32Array<ArrayBuffer> {
    const slots = new Int32Array(capacity);
    for (let pair = 0; pair < this.#size; pair++) this.#insert(slots, pair);
    return slots;
  }

  #insert(slots: Int32Array, pair: number): void {
    const records = this.#records;
    const left = records[RECORD * pair];
    const right = records[RECORD * pair + 1];
    const mask = slots.length - 1;
    const mixed = hashOf(left, right);
    let slot = mixed & mask;
    for (let entry = slots[slot]; entry !== 0; entry = slots[slot]) {
      if (((entry ^ mixed) & ~mask) === 0) {
        const other = (entry & mask) - 1;
        if (records[RECORD * other] === left && records[RECORD * other + 1] === right) {
          throw new RangeError(`pairs ${other} and ${pair} are the same`);
        }
      }
      slot = (slot + 1) & mask;
    }
    slots[slot] = (pair + 1) | (mixed & ~mask);
  }
}

function hashOf(left: number, right: number): number {
  return mixHash(Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b));
}
