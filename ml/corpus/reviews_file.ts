/**
 * Reviews on disk, one JSON object a line: the files that pass from stage to stage, and a store for a corpus that may
 * not fit into memory.
 */
import { closeSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { cannotWrite, SentimentError } from '../errors.ts';
import { makeFolder, writeAtomically } from '../files.ts';
import { countDomain, type Review } from './review.ts';

export type ReviewCounts = {
  texts: number;
  /** Number of texts of each class, by its number. */
  classes: number[];
  groups: number;
  /** Number of texts of each domain. */
  domains: Record<string, number>;
};

const READ_BUFFER = 1 << 16;
const WRITE_BUFFER = 1 << 20;

/** Iterates over `reviews` once and holds few of them in memory. If that throws, an older file stays as it was. */
export function writeReviews(path: string, reviews: Iterable<Review>): ReviewCounts {
  return writeAtomically(path, (file) => {
    const classes: number[] = [];
    let texts = 0;
    let pending = '';
    const groups = new Set<string>();
    const domains = new Map<string, number>();
    for (const review of reviews) {
      texts++;
      classes[review.label] = (classes[review.label] ?? 0) + 1;
      if (review.group !== undefined) groups.add(review.group);
      countDomain(domains, review);
      pending += `${JSON.stringify(review)}\n`;
      if (pending.length < WRITE_BUFFER) continue;
      writeFileSync(file, pending);
      pending = '';
    }
    writeFileSync(file, pending);
    return { texts, classes, groups: groups.size, domains: Object.fromEntries(domains) };
  });
}

/** One line; `names` are those of the classes, and the domains are named if there are several. */
export function describeCounts({ texts, classes, groups, domains }: ReviewCounts, names: readonly string[]): string {
  const shown = (count: number) => count.toLocaleString('en');
  const sizes = names.map((name, label) => `${shown(classes[label] ?? 0)} ${name}`).reverse();
  const kinds = Object.entries(domains).map(([domain, count]) => `${domain} ${shown(count)}`);
  return (
    `${shown(texts)} texts (${sizes.join(', ')})${groups > 0 ? ` of ${shown(groups)} groups` : ''}` +
    (kinds.length > 1 ? `: ${kinds.sort().join(', ')}` : '')
  );
}

/** As reports have them: the texts of each class under its name, the last class first. */
export function nameCounts({ texts, classes, ...rest }: ReviewCounts, names: readonly string[]): object {
  const named = names.map((name, label): [string, number] => [name, classes[label] ?? 0]);
  return { texts, ...Object.fromEntries(named.reverse()), ...rest };
}

/** Holds one line at a time in memory. Throws REVIEWS_MISSING, or REVIEWS_DAMAGED with file and line. */
export function* readReviews(path: string): Generator<Review> {
  let line = 0;
  for (const text of readLines(path)) {
    line++;
    if (text !== '') yield parseReview(text, path, line);
  }
}

function parseReview(text: string, path: string, line: number): Review {
  try {
    const review = JSON.parse(text) as Review;
    if (typeof review.text === 'string' && Number.isInteger(review.label) && review.label >= 0) return review;
  } catch {
    // Invalid JSON gets the same error as a missing field.
  }
  throw new SentimentError('REVIEWS_DAMAGED', `${path}:${line} is not a review with text and label`, {
    next: 'rerun the stage that writes it: dvc repro data_preprocessing --force',
  });
}

function* readLines(path: string): Generator<string> {
  const file = open(path);
  try {
    const buffer = Buffer.allocUnsafe(READ_BUFFER);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (;;) {
      const read = readSync(file, buffer, 0, READ_BUFFER, null);
      const lines = (rest + (read === 0 ? decoder.end() : decoder.write(buffer.subarray(0, read)))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (read === 0) break;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(file);
  }
}

function writing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new SentimentError('REVIEWS_MISSING', `cannot read ${path}`, {
      cause,
      next: 'run the stages before this one: dvc repro',
    });
  }
}

/** Reviews numbered from 0 in the order they were added, readable in any order. Memory holds 8 bytes for each. */
export class ReviewStore {
  readonly #path: string;
  readonly #file: number;
  /** Offset of each review in the file, and of the end. */
  readonly #starts: number[] = [0];
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** Deletes the file's name at once, so that nothing stays in the folder however the program ends. */
  constructor(path: string) {
    this.#path = path;
    makeFolder(dirname(path));
    this.#file = writing(path, () => openSync(path, 'w+'));
    rmSync(path);
  }

  get size(): number {
    return this.#starts.length - 1;
  }

  add(review: Review): void {
    const bytes = Buffer.from(JSON.stringify(review));
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    this.#starts.push(this.#starts[this.size] + bytes.length);
    if (this.#pendingBytes > WRITE_BUFFER) this.#flush();
  }

  read(number: number): Review {
    if (this.#pendingBytes > 0) this.#flush();
    const start = this.#starts[number];
    const bytes = Buffer.allocUnsafe(this.#starts[number + 1] - start);
    readSync(this.#file, bytes, 0, bytes.length, start);
    return JSON.parse(bytes.toString('utf8'));
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    writing(this.#path, () => {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
    });
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
