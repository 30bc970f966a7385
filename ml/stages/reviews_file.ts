/** Reads the files of reviews that the first two stages write: one JSON object a line, a line at a time in memory. */
import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';

const CHUNK = 1 << 16;

/** Throws REVIEWS_MISSING, or REVIEWS_DAMAGED naming file and line. */
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
    if (typeof review.text === 'string' && (review.label === 0 || review.label === 1)) return review;
  } catch {
    // Falls through: what is wrong is the same for the reader.
  }
  throw new SentimentError('REVIEWS_DAMAGED', `${path}:${line} is not a review with text and label`, {
    next: 'run the stage that writes it again: dvc repro data_preprocessing --force',
  });
}

function* readLines(path: string): Generator<string> {
  const file = open(path);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (;;) {
      const read = readSync(file, buffer, 0, CHUNK, null);
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
