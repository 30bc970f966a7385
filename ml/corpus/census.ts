/** Counts the rows of a source by the reason why they were left out, and keeps a few examples of each for a person. */
import { SentimentError, usageError } from '../errors.ts';

/** Why a row is left out. The first three are faults of the row and count against max_bad_share. */
export const REASONS = [
  'bad_row',
  'empty_text',
  'unknown_label',
  'neutral',
  'duplicate',
  'conflicting_duplicate',
] as const;

export type Reason = (typeof REASONS)[number];

const BAD: readonly Reason[] = ['bad_row', 'empty_text', 'unknown_label'];
const EXAMPLES = 3;
const MAX_WORDS = 12;
/** Share of the texts that is worth a line. */
const COMMON = 0.01;

export class Census {
  rowsRead = 0;
  /** Texts in which a lone surrogate was replaced by U+FFFD. */
  repaired = 0;
  /** Texts with a written-out line end or quote. */
  writtenOut = 0;
  readonly #counts = new Map<Reason, number>();
  readonly #examples = new Map<Reason, string[]>();
  readonly #words = new Map<string, number>();

  /** The counts of several sources together, with the first examples and words. */
  static sum(parts: readonly Census[]): Census {
    const sum = new Census();
    for (const part of parts) {
      sum.rowsRead += part.rowsRead;
      sum.repaired += part.repaired;
      sum.writtenOut += part.writtenOut;
      for (const [reason, count] of part.#counts) sum.#counts.set(reason, sum.count(reason) + count);
      for (const [reason, examples] of part.#examples) for (const example of examples) sum.show(reason, example);
      for (const [word, count] of part.#words) sum.addWord(word, count);
    }
    return sum;
  }

  /** `where` is file and line, `what` gives details. Without `where` the row is only counted. */
  leaveOut(reason: Reason, where?: string, what?: string): void {
    this.#counts.set(reason, this.count(reason) + 1);
    if (where !== undefined) this.show(reason, where, what);
  }

  show(reason: Reason, where: string, what?: string): void {
    const examples = this.#examples.get(reason) ?? [];
    if (examples.length === EXAMPLES) return;
    this.#examples.set(reason, [...examples, what === undefined ? where : `${where}: ${what.slice(0, 200)}`]);
  }

  /** Counts the words used as labels, up to the first MAX_WORDS different ones. */
  addWord(word: string, count = 1): void {
    if (!this.#words.has(word) && this.#words.size === MAX_WORDS) return;
    this.#words.set(word, (this.#words.get(word) ?? 0) + count);
  }

  /** The words that addWord counted. */
  words(): string[] {
    return [...this.#words.keys()];
  }

  count(reason: Reason): number {
    return this.#counts.get(reason) ?? 0;
  }

  get bad(): number {
    return BAD.reduce((sum, reason) => sum + this.count(reason), 0);
  }

  counts(): Record<Reason, number> {
    return Object.fromEntries(REASONS.map((reason) => [reason, this.count(reason)])) as Record<Reason, number>;
  }

  examples(): Partial<Record<Reason, string[]>> {
    return Object.fromEntries(this.#examples);
  }

  /** One line for each reason that occurred, followed by its examples. */
  describe(): string[] {
    const lines = REASONS.filter((reason) => this.count(reason) > 0).flatMap((reason) => [
      `  ${grouped(this.count(reason))} ${reason.replaceAll('_', ' ')}`,
      ...(this.#examples.get(reason) ?? []).map((example) => `    ${example}`),
    ]);
    if (this.#words.size > 0) lines.push(`  labels: ${this.#describeWords()}`);
    if (this.repaired > 0) lines.push(`  ${grouped(this.repaired)} with a lone surrogate (half a character) replaced`);
    if (this.writtenOut > COMMON * this.rowsRead) {
      lines.push(
        `  ${grouped(this.writtenOut)} with a written-out \\n or \\": letters, unless data_preprocessing.written_out is true`,
      );
    }
    return lines;
  }

  /** Throws CORPUS_EMPTY or TOO_MANY_BAD_ROWS. */
  check(name: string, maxBadShare: number): void {
    if (this.rowsRead === 0) {
      throw new SentimentError('CORPUS_EMPTY', `${name} holds no texts`, { next: 'name a source with rows' });
    }
    if (this.bad <= maxBadShare * this.rowsRead) return;
    const kinds = BAD.filter((reason) => this.count(reason) > 0);
    const counts = kinds.map((reason) => `${grouped(this.count(reason))} ${reason.replaceAll('_', ' ')}`);
    const example = kinds.map((reason) => this.#examples.get(reason)?.[0]).find((text) => text !== undefined);
    throw new SentimentError(
      'TOO_MANY_BAD_ROWS',
      `${grouped(this.bad)} of ${grouped(this.rowsRead)} rows of ${name} cannot be used, more than max_bad_share ` +
        `(${maxBadShare}) allows: ${counts.join(', ')}; the first: ${example}`,
      {
        next: kinds.includes('unknown_label')
          ? 'add the labels to positive_labels, negative_labels, neutral_labels or class_labels, name another column, or correct the rows'
          : example?.endsWith('is not valid UTF-8')
            ? 'name the encoding of the file, often --encoding windows-1252 (in params.yaml: encoding), or correct the rows'
            : 'correct the rows, name another column, or raise max_bad_share',
      },
    );
  }

  /** CORPUS_EMPTY or ONE_CLASS (2), for a corpus without texts of the classes `missing`. Lists the labels that were found. */
  noContrast(name: string, classes: readonly string[], missing: readonly string[], size: number): SentimentError {
    const words = this.#words.size > 0 ? `; the labels are ${this.#describeWords()}` : '';
    if (size === 0) {
      const message = `${name} has ${grouped(this.rowsRead)} rows, but none is usable${words}`;
      return new SentimentError('CORPUS_EMPTY', message, { next: 'the lines above say why the rows were left out' });
    }
    if (classes.length > 2) {
      return usageError(
        'ONE_CLASS',
        `none of the ${grouped(size)} usable texts of ${name} is ${missing.join(' or ')}${words}`,
        'set class_labels or rating_cuts, so that every class has texts',
      );
    }
    return usageError(
      'ONE_CLASS',
      `all ${grouped(size)} usable texts of ${name} are ${classes.find((one) => !missing.includes(one))}${words}`,
      'set positive_labels and negative_labels, or give ratings with both signs (of 1 to 5 stars, subtract 3)',
    );
  }

  #describeWords(): string {
    const words = [...this.#words].map(([word, count]) => `${JSON.stringify(word.slice(0, 40))} ${grouped(count)}`);
    return words.join(', ') + (this.#words.size === MAX_WORDS ? ', ...' : '');
  }
}

export function grouped(count: number): string {
  return count.toLocaleString('en');
}
