/**
 * The words that an engine knows: an open-addressing hash table from letters to ids, counted from 0 in the order in which
 * they were added. Ids are what everything else is looked up by: columns, flags, character n-grams, pairs.
 *
 * Letters are compared code by code, so two words never share an id. A slot holds an id and, in the bits that the id leaves
 * free, the high bits of its hash, so a look-up reads other letters only if those agree.
 */

/** Hash of the empty range; see `extendHash`. */
export const HASH_SEED = 0x811c9dc5 | 0;

/** Hash of a range that is one code longer (FNV-1a in 16-bit steps; Fowler, Noll & Vo). */
export function extendHash(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

export function hashOf(codes: Uint16Array, from: number, to: number): number {
  let hash = HASH_SEED;
  for (let i = from; i < to; i++) hash = extendHash(hash, codes[i]);
  return hash;
}

/** The slot comes from the low bits, and FNV's low bits depend on few codes. */
export function mixHash(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

/** The least power of two of which `count` entries use at most half. */
export function slotsFor(count: number): number {
  return Math.max(1 << 10, 1 << (32 - Math.clz32(2 * count - 1)));
}

/** What happens to a word that is not in the table: it is learnt, kept for a while as a guest, or left out. */
export type UnknownWords = 'learn' | 'keep' | 'leave';

/** Guests are forgotten before a text if there are more of them. */
const MOST_GUESTS = 1 << 15;
/** How far behind its place a guest may stand, unless a known word stands further. */
const LEAST_REACH = 32;

/** The largest number in place of an id that is not known yet. */
const PENDING = -2;

export class Words {
  /** Codes of all words, one word after another. */
  #codes: Uint16Array<ArrayBuffer>;
  /** One more than there are words. */
  #offsets: Uint32Array<ArrayBuffer>;
  /** 0 if empty, else id + 1 and bits of the hash. */
  #slots: Int32Array<ArrayBuffer>;
  #count: number;
  #unknown: UnknownWords = 'learn';
  /** Words that are not guests, once the table is closed. */
  #known = 0;
  /** How many slots behind its place a known word stands at most. */
  #furthest = 0;
  /** A search ends after this many slots. Guests chosen to collide would otherwise make each as long as there are words. */
  #reach = Number.POSITIVE_INFINITY;

  /** `lengths` are those of the words whose letters stand in `codes`. Throws RangeError if a word occurs twice. */
  constructor(codes = new Uint16Array(1 << 13), lengths = new Uint8Array(0)) {
    this.#codes = codes;
    this.#count = lengths.length;
    this.#offsets = new Uint32Array(this.#count + (1 << 10));
    for (let id = 0; id < lengths.length; id++) this.#offsets[id + 1] = this.#offsets[id] + lengths[id];
    this.#slots = this.#table(slotsFor(this.#count));
  }

  /** How often guests were forgotten. */
  forgotten = 0;

  /** Number of words without guests. The id of a guest is this or more. */
  get size(): number {
    return this.#unknown === 'learn' ? this.#count : this.#known;
  }

  /** From now on a new word is a guest or is left out. */
  close(unknown: Exclude<UnknownWords, 'learn'>): void {
    this.#unknown = unknown;
    this.#known = this.#count;
    if (unknown === 'keep') this.#reach = Math.max(LEAST_REACH, this.#furthest);
  }

  /** Before a text: forgets the guests if there are too many, so that their ids mean other words. */
  tidy(): void {
    if (this.#count - this.size <= MOST_GUESTS) return;
    this.#count = this.#known;
    this.#slots = this.#table(slotsFor(this.#known));
    this.forgotten++;
  }

  /** The id of codes[from, to), whose hash is `hash`; -1 if it is unknown and the table leaves such words out. */
  id(codes: Uint16Array, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const mixed = mixHash(hash);
    let slot = mixed & mask;
    let left = this.#reach;
    for (; slots[slot] !== 0 && left >= 0; left--) {
      const entry = slots[slot];
      const id = (entry & mask) - 1;
      if (((entry ^ mixed) & ~mask) === 0 && this.#is(id, codes, from, to)) return id;
      slot = (slot + 1) & mask;
    }
    if (this.#unknown === 'leave') return -1;
    const id = this.#append(codes, from, to);
    // Beyond the reach a guest gets no slot: it has another id the next time.
    if (left < 0) return id;
    slots[slot] = (id + 1) | (mixed & ~mask);
    if (this.#unknown === 'learn') this.#furthest = Math.max(this.#furthest, (slot - mixed) & mask);
    if (2 * this.#count > slots.length) this.#slots = this.#table(2 * slots.length);
    return id;
  }

  /** For `settle`: below 0, and the word whose place the hash leads to, if there is one. Its letters can be others. */
  pending(hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    return PENDING - (slots[mixHash(hash) & mask] & mask);
  }

  /**
   * Replaces those of the first `count` ids that `pending` gave by the id of codes[from, to), as `id` gives it. So memory is
   * asked for all words of a text before the first is compared.
   */
  settle(ids: Int32Array, count: number, codes: Uint16Array, from: Int32Array, to: Int32Array): void {
    for (let i = 0; i < count; i++) {
      const entry = PENDING - ids[i];
      if (entry < 0) continue;
      if (entry > 0 && this.#is(entry - 1, codes, from[i], to[i])) ids[i] = entry - 1;
      else ids[i] = this.id(codes, from[i], to[i], hashOf(codes, from[i], to[i]));
    }
  }

  /** The id of a word given as a string, as `id` gives it. */
  idOf(word: string): number {
    const codes = Uint16Array.from({ length: word.length }, (_, i) => word.charCodeAt(i));
    return this.id(codes, 0, codes.length, codes.reduce(extendHash, HASH_SEED));
  }

  word(id: number): string {
    return String.fromCharCode(...this.letters(id));
  }

  /** Codes of a word. Valid until another word is added. */
  letters(id: number): Uint16Array<ArrayBuffer> {
    return this.#codes.subarray(this.#offsets[id], this.#offsets[id + 1]);
  }

  #is(id: number, codes: Uint16Array, from: number, to: number): boolean {
    const start = this.#offsets[id];
    if (this.#offsets[id + 1] - start !== to - from) return false;
    const own = this.#codes;
    for (let i = from, k = start; i < to; i++, k++) if (own[k] !== codes[i]) return false;
    return true;
  }

  #append(codes: Uint16Array, from: number, to: number): number {
    const id = this.#count++;
    const start = this.#offsets[id];
    const end = start + to - from;
    // Copied, because the first letters can be those of a file that others read too.
    if (end > this.#codes.length) this.#codes = copied(this.#codes, new Uint16Array(2 * end));
    if (id + 2 > this.#offsets.length) this.#offsets = copied(this.#offsets, new Uint32Array(2 * id + 2));
    for (let i = from, k = start; i < to; i++, k++) this.#codes[k] = codes[i];
    this.#offsets[id + 1] = end;
    return id;
  }

  /** Known words come first, so no guest ever stands before one; a guest out of reach is left out. */
  #table(capacity: number): Int32Array<ArrayBuffer> {
    const slots = new Int32Array(capacity);
    const mask = capacity - 1;
    const codes = this.#codes;
    const offsets = this.#offsets;
    const known = this.size;
    let furthest = 0;
    for (let id = 0; id < this.#count; id++) {
      const end = offsets[id + 1];
      const mixed = mixHash(hashOf(codes, offsets[id], end));
      let slot = mixed & mask;
      let steps = 0;
      for (; slots[slot] !== 0; steps++) {
        const entry = slots[slot];
        if (((entry ^ mixed) & ~mask) === 0 && this.#is((entry & mask) - 1, codes, offsets[id], end)) {
          throw new RangeError(`words ${(entry & mask) - 1} and ${id} are the same`);
        }
        slot = (slot + 1) & mask;
      }
      if (id < known) furthest = Math.max(furthest, steps);
      else if (steps > Math.max(LEAST_REACH, furthest)) continue;
      slots[slot] = (id + 1) | (mixed & ~mask);
    }
    this.#furthest = furthest;
    if (this.#unknown === 'keep') this.#reach = Math.max(LEAST_REACH, furthest);
    return slots;
  }
}

function copied<T extends Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
