/**
 * Decides when two texts are the same. Both keys are short hashes, so that millions fit into memory: 72 bits, which two
 * of ten million different texts share with a probability of 1e-8.
 */
import { hash } from 'node:crypto';
import { cutMarks } from '../text/marks.ts';
import type { Review } from './review.ts';

/** Equal for texts that differ only in case, white space or Unicode form: one opinion, given twice. */
export function duplicateKey(text: string): string {
  return hashOf(folded(text).replace(/\s+/g, ' ').trim());
}

/**
 * Equal for texts with equal letters and digits. Such texts can be different opinions ("great :)" and "great :("), but
 * in both parts of a split one would reveal the other. Texts without letters and digits are compared by duplicateKey.
 */
export function nearDuplicateKey(text: string): string {
  const words = folded(text)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return words === '' ? duplicateKey(text) : hashOf(words);
}

function folded(text: string): string {
  return cutMarks(text).normalize('NFKC').toLowerCase();
}

function hashOf(text: string): string {
  // V8 copies a slice of up to 12 characters; a longer one would keep the whole string in memory.
  return hash('sha256', text, 'base64url').slice(0, 12);
}

/**
 * Finds duplicates in a stream of texts, numbered from 0 in their order.
 *
 * Same text, same label: keep the first, or the first that the source itself puts into the test part. Same text,
 * conflicting labels: drop all.
 */
export class DuplicateFinder {
  /** Number of the first text with each key. */
  readonly #first = new Map<string, number>();
  /** For each text, the number of the first text that equals it. */
  readonly #twin: number[] = [];
  readonly #labels: number[] = [];
  /** For the number of a first text: which of its twins to keep, if not the first. */
  readonly #keeper = new Map<number, number>();
  /** Numbers of first texts whose twins have conflicting labels. */
  readonly #conflicts = new Set<number>();

  /** Returns what is known so far; a later text can still turn the first one into a conflict. */
  add(text: string, label: 0 | 1, isTest: boolean): 'new' | 'duplicate' | 'conflict' {
    const number = this.#twin.length;
    const key = duplicateKey(text);
    const first = this.#first.get(key);
    this.#labels.push(label);
    this.#twin.push(first ?? number);
    if (first === undefined) {
      this.#first.set(key, number);
      if (isTest) this.#keeper.set(number, number);
      return 'new';
    }
    if (isTest && !this.#keeper.has(first)) this.#keeper.set(first, number);
    if (this.#labels[first] !== label) this.#conflicts.add(first);
    return this.#conflicts.has(first) ? 'conflict' : 'duplicate';
  }

  /** Whether to keep a text, once all have been added. */
  fate(number: number): 'kept' | 'duplicate' | 'conflict' {
    const first = this.#twin[number];
    if (this.#conflicts.has(first)) return 'conflict';
    return (this.#keeper.get(first) ?? first) === number ? 'kept' : 'duplicate';
  }
}

export type Leaks = {
  /** Training texts with the letters and digits of a test text. */
  texts: number;
  /** Groups with texts in both parts. */
  groups: number;
};

/** Counts what is in both parts of a split and would make a model look better than it is. */
export function countLeaks(train: Iterable<Review>, test: Iterable<Review>): Leaks {
  const keys = new Set<string>();
  const groups = new Set<string>();
  for (const { text, group } of test) {
    keys.add(nearDuplicateKey(text));
    if (group !== undefined) groups.add(group);
  }
  const shared = new Set<string>();
  let texts = 0;
  for (const { text, group } of train) {
    if (keys.has(nearDuplicateKey(text))) texts++;
    if (group !== undefined && groups.has(group)) shared.add(group);
  }
  return { texts, groups: shared.size };
}
