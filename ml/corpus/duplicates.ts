/**
 * When two texts are the same. Both keys are short hashes of what is compared, so that millions can be held: 72 bits,
 * which two of ten million different texts share with a probability of 1e-8.
 */
import { hash } from 'node:crypto';

/** The same for texts that differ in upper and lower case, white space or Unicode form alone: one opinion, given twice. */
export function duplicateKey(text: string): string {
  return hashOf(folded(text).replace(/\s+/g, ' ').trim());
}

/**
 * The same for texts with equal letters and digits, whatever else differs. They are told apart as opinions ("great :)"
 * and "great :("), but would give a text away across the split. Texts without any are compared as duplicateKey does.
 */
export function nearDuplicateKey(text: string): string {
  const words = folded(text)
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return words === '' ? duplicateKey(text) : hashOf(words);
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function hashOf(text: string): string {
  // Up to 12 characters V8 copies a slice; of a longer one it would keep the whole.
  return hash('sha256', text, 'base64url').slice(0, 12);
}

/**
 * Finds duplicates in a stream of texts, numbered from 0 in their order.
 *
 * Of equal texts with one label the first stays, or the first that the source itself puts on the test side. Of equal
 * texts with both labels none stays: nobody knows which is right.
 */
export class DuplicateFinder {
  /** Number of the first text with a key. */
  readonly #first = new Map<string, number>();
  /** Number of the first text that is the same as each. */
  readonly #twin: number[] = [];
  readonly #labels: number[] = [];
  /** By number of a first text: which of its twins stays, if it is not the first, and whether labels differ. */
  readonly #keeper = new Map<number, number>();
  readonly #conflicts = new Set<number>();

  /** Says at once what is known already; a later text can still bring the first of its kind down. */
  add(text: string, label: 0 | 1, onTestSide: boolean): 'new' | 'duplicate' | 'conflict' {
    const number = this.#twin.length;
    const key = duplicateKey(text);
    const first = this.#first.get(key);
    this.#labels.push(label);
    this.#twin.push(first ?? number);
    if (first === undefined) {
      this.#first.set(key, number);
      if (onTestSide) this.#keeper.set(number, number);
      return 'new';
    }
    if (onTestSide && !this.#keeper.has(first)) this.#keeper.set(first, number);
    if (this.#labels[first] !== label) this.#conflicts.add(first);
    return this.#conflicts.has(first) ? 'conflict' : 'duplicate';
  }

  /** What becomes of a text, once all have been added. */
  fate(number: number): 'kept' | 'duplicate' | 'conflict' {
    const first = this.#twin[number];
    if (this.#conflicts.has(first)) return 'conflict';
    return (this.#keeper.get(first) ?? first) === number ? 'kept' : 'duplicate';
  }
}
