/**
 * The column of each n-gram: an open-addressing hash table over ranges of UTF-16 codes.
 *
 * It consists of four typed arrays, so saving and loading copy bytes and a lookup allocates nothing. Terms are compared
 * code by code, so a hash collision never gives two n-grams one column.
 */
export type VocabularyData = {
  /** Codes of all terms, one term after another. */
  codes: Uint16Array<ArrayBuffer>;
  /** size + 1 offsets into `codes`. */
  offsets: Uint32Array<ArrayBuffer>;
  /** Hash of each term. */
  hashes: Uint32Array<ArrayBuffer>;
  /** A power of two slots, at most half of them in use: a column, or -1 if empty. */
  slots: Int32Array<ArrayBuffer>;
};

/** Hash of the empty range; see `extendHash`. */
export const HASH_SEED = 0x811c9dc5 | 0;

/** Hash of a range that is one code longer (FNV-1a in 16-bit steps; Fowler, Noll & Vo). */
export function extendHash(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

export class Vocabulary {
  #codes: Uint16Array<ArrayBuffer>;
  #offsets: Uint32Array<ArrayBuffer>;
  #hashes: Uint32Array<ArrayBuffer>;
  #slots: Int32Array<ArrayBuffer>;
  #size: number;

  constructor(data?: VocabularyData) {
    this.#codes = data?.codes ?? new Uint16Array(1 << 14);
    this.#offsets = data?.offsets ?? new Uint32Array(1 << 11);
    this.#hashes = data?.hashes ?? new Uint32Array(1 << 11);
    this.#slots = data?.slots ?? new Int32Array(1 << 12).fill(-1);
    this.#size = data ? data.hashes.length : 0;
  }

  /** Number of terms; columns run from 0 to size - 1. */
  get size(): number {
    return this.#size;
  }

  /** The column of codes[from, to), whose hash is `hash`; -1 if unknown. */
  find(codes: Uint16Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = mix(hash) & mask; ; slot = (slot + 1) & mask) {
      const column = slots[slot];
      if (column < 0 || this.#is(column, codes, from, to, hash)) return column;
    }
  }

  /** The column of codes[from, to), which is added if unknown. */
  add(codes: Uint16Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = mix(hash) & mask;
    for (; slots[slot] >= 0; slot = (slot + 1) & mask) {
      if (this.#is(slots[slot], codes, from, to, hash)) return slots[slot];
    }
    const column = this.#size++;
    slots[slot] = column;
    this.#append(column, codes, from, to, hash);
    if (this.#size * 2 > slots.length) this.#rehash(slots.length * 2);
    return column;
  }

  term(column: number): string {
    let result = '';
    for (let i = this.#offsets[column]; i < this.#offsets[column + 1]; i++) {
      result += String.fromCharCode(this.#codes[i]);
    }
    return result;
  }

  /** A vocabulary of the given columns, renumbered in that order. */
  select(columns: ArrayLike<number>): Vocabulary {
    const kept = new Vocabulary();
    for (let i = 0; i < columns.length; i++) {
      const from = this.#offsets[columns[i]];
      kept.add(this.#codes, from, this.#offsets[columns[i] + 1], this.#hashes[columns[i]]);
    }
    return kept;
  }

  /** The arrays to save, cut to size. They share memory with the vocabulary. */
  data(): VocabularyData {
    return {
      codes: this.#codes.subarray(0, this.#size === 0 ? 0 : this.#offsets[this.#size]),
      offsets: this.#offsets.subarray(0, this.#size + 1),
      hashes: this.#hashes.subarray(0, this.#size),
      slots: this.#slots,
    };
  }

  #is(column: number, codes: Uint16Array, from: number, to: number, hash: number): boolean {
    if (this.#hashes[column] !== hash >>> 0) return false;
    const start = this.#offsets[column];
    if (this.#offsets[column + 1] - start !== to - from) return false;
    const terms = this.#codes;
    for (let i = from, k = start; i < to; i++, k++) if (terms[k] !== codes[i]) return false;
    return true;
  }

  #append(column: number, codes: Uint16Array, from: number, to: number, hash: number): void {
    const start = this.#offsets[column];
    const end = start + to - from;
    if (end > this.#codes.length) {
      this.#codes = new Uint16Array(this.#codes.buffer.transfer(Math.max(end, this.#codes.length * 2) * 2));
    }
    if (column + 2 > this.#offsets.length) {
      this.#offsets = new Uint32Array(this.#offsets.buffer.transfer(this.#offsets.length * 8));
      this.#hashes = new Uint32Array(this.#hashes.buffer.transfer(this.#offsets.length * 4));
    }
    for (let i = from, k = start; i < to; i++, k++) this.#codes[k] = codes[i];
    this.#offsets[column + 1] = end;
    this.#hashes[column] = hash >>> 0;
  }

  #rehash(capacity: number): void {
    const slots = new Int32Array(capacity).fill(-1);
    const mask = capacity - 1;
    for (let column = 0; column < this.#size; column++) {
      let slot = mix(this.#hashes[column] | 0) & mask;
      while (slots[slot] >= 0) slot = (slot + 1) & mask;
      slots[slot] = column;
    }
    this.#slots = slots;
  }
}

/** The slot comes from the low bits, and FNV's low bits depend on few codes. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
