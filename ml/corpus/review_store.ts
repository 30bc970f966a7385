/**
 * Reviews on disk, numbered from 0 in the order they came, to be read again in any order. Memory holds 8 bytes for each,
 * so that a corpus may be larger than memory.
 */
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Review } from './review.ts';

const BUFFER = 1 << 20;

export class ReviewStore {
  readonly #file: number;
  /** Offset of each review's line in the file, and of the end. */
  readonly #starts: number[] = [0];
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** The file has no name for longer than a moment: however the program ends, nothing is left in the folder. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, 'w+');
    rmSync(path);
  }

  get size(): number {
    return this.#starts.length - 1;
  }

  add(review: Review): void {
    const line = Buffer.from(JSON.stringify(review));
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    this.#starts.push(this.#starts[this.size] + line.length);
    if (this.#pendingBytes > BUFFER) this.#flush();
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
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
