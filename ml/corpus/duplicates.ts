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

/** What a text is split by if its source puts it into a group. No text has this key. */
export function groupKey(group: string): string {
  return hashOf(`group\t${group}`);
}

/**
 * Finds duplicates in a stream of texts, numbered from 0 in their order.
 *
 * Same text, same label: keep one. Same text, conflicting labels: drop all.
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

  /**
   * Texts with equal keys are duplicates. `isBetter` says whether to keep the new text rather than the one with that
   * number. Returns what is known so far; a later text can still turn the first one into a conflict.
   */
  add(key: string, label: number, isBetter: (other: number) => boolean): 'new' | 'duplicate' | 'conflict' {
    const number = this.#twin.length;
    const first = this.#first.get(key);
    this.#labels.push(label);
    this.#twin.push(first ?? number);
    if (first === undefined) {
      this.#first.set(key, number);
      return 'new';
    }
    if (this.#labels[first] !== label) this.#conflicts.add(first);
    if (this.#conflicts.has(first)) return 'conflict';
    if (isBetter(this.#keeper.get(first) ?? first)) this.#keeper.set(first, number);
    return 'duplicate';
  }

  /** Whether to keep a text, once all have been added. */
  fate(number: number): 'kept' | 'duplicate' | 'conflict' {
    if (this.#conflicts.has(this.#twin[number])) return 'conflict';
    return this.keeper(number) === number ? 'kept' : 'duplicate';
  }

  /** The number of the text that is kept in place of this one, or this one. */
  keeper(number: number): number {
    const first = this.#twin[number];
    return this.#keeper.get(first) ?? first;
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
