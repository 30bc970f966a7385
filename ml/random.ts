/**
 * Random numbers from a seed, the same on every machine: mulberry32 (T. Ettinger, public domain). Its 32 bits of state are
 * enough to shuffle and to sample, and unfit for secrets.
 */

/** Numbers from 0 (inclusive) to 1 (exclusive). The seed is taken modulo 2^32. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Shuffles in place (Fisher & Yates) and returns the same array. */
export function shuffle<T extends { [index: number]: unknown; length: number }>(items: T, random: () => number): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
  return items;
}
