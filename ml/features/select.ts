/** What remains of n-grams after pruning: some columns, renumbered, and whatever leads to them. */
import { Words } from '../text/words.ts';
import { CharNgrams, type NgramRange, WordNgrams } from './ngrams.ts';
import { Pairs } from './pairs.ts';

/**
 * The columns of `given` in `kept`, which ascends, numbered in that order. Only the words that these need are kept, in their
 * order, and before them the first `always` words.
 */
export function selectWordNgrams(given: WordNgrams, range: NgramRange, kept: Uint32Array, always: number): WordNgrams {
  if (kept.length === given.size) return new WordNgrams(range, given.words, given);
  const renumbered = renumber(given.size, kept);
  const has = (column: number) => column >= 0 && renumbered[column] >= 0;
  const used = new Uint8Array(given.words.size).fill(1, 0, always);
  for (let id = 0; id < used.length; id++) if (has(given.columnOf(id))) used[id] = 1;
  const leads = pairsThatLead(given.pairs, has);
  for (let pair = 0; pair < leads.length; pair++) {
    if (leads[pair] === 0) continue;
    if (given.pairs.left(pair) >= 0) used[given.pairs.left(pair)] = 1;
    used[given.pairs.right(pair)] = 1;
  }
  const words = new Words();
  const ids = new Int32Array(used.length);
  for (let id = 0; id < used.length; id++) if (used[id] === 1) ids[id] = words.idOf(given.words.word(id));
  const columns = new Int32Array(words.size).fill(-1);
  for (let id = 0; id < used.length; id++)
    if (has(given.columnOf(id))) columns[ids[id]] = renumbered[given.columnOf(id)];
  const pairs = selectPairs(given.pairs, leads, renumbered, (id) => ids[id]);
  return new WordNgrams(range, words, { columns, pairs, size: kept.length });
}

/** As selectWordNgrams. The result finds n-grams in the words of `words`. */
export function selectCharNgrams(given: CharNgrams, range: NgramRange, kept: Uint32Array, words: Words): CharNgrams {
  if (kept.length === given.size) return new CharNgrams(range, words, given);
  const renumbered = renumber(given.size, kept);
  const leads = pairsThatLead(given.pairs, (column) => column >= 0 && renumbered[column] >= 0);
  const pairs = selectPairs(given.pairs, leads, renumbered, (code) => code);
  return new CharNgrams(range, words, { pairs, size: kept.length });
}

/** By old column the new one, or -1. */
function renumber(size: number, kept: Uint32Array): Int32Array {
  const renumbered = new Int32Array(size).fill(-1);
  for (let j = 0; j < kept.length; j++) renumbered[kept[j]] = j;
  return renumbered;
}

/** 1 for a pair that has a column or that an n-gram with one continues. */
function pairsThatLead(pairs: Pairs, has: (column: number) => boolean): Uint8Array {
  const leads = new Uint8Array(pairs.size);
  // A pair stands behind the one that it continues.
  for (let pair = pairs.size - 1; pair >= 0; pair--) {
    if (has(pairs.column(pair))) leads[pair] = 1;
    if (leads[pair] === 1 && pairs.left(pair) < 0) leads[~pairs.left(pair)] = 1;
  }
  return leads;
}

function selectPairs(given: Pairs, leads: Uint8Array, renumbered: Int32Array, unitOf: (unit: number) => number): Pairs {
  const pairs = new Pairs();
  const numbers = new Int32Array(given.size);
  for (let pair = 0; pair < given.size; pair++) {
    if (leads[pair] === 0) continue;
    const left = given.left(pair);
    const added = pairs.add(left < 0 ? ~numbers[~left] : unitOf(left), unitOf(given.right(pair)));
    const column = given.column(pair);
    if (column >= 0) pairs.setColumn(added, renumbered[column]);
    numbers[pair] = added;
  }
  return pairs;
}
