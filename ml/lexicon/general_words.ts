/**
 * The general model's opinion of each word, and the texts that it is from, as scripts/general_words.ts writes them into tables/.
 *
 *     general.tsv        word, and by how much it raises the raw score of the model of all embedded corpora, then of the models
 *                        that leave out one of them each, in units of GENERAL_UNIT
 *     general_texts.txt  place of the corpus, from 1, and the first KEY_LENGTH characters of nearDuplicateKey of each of its texts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export const GENERAL_UNIT = 0.04;
export const KEY_LENGTH = 9;

/** In the order of embedded:all. */
export const GENERAL_CORPORA = ['movies', 'amazon', 'tweets', 'nyt'] as const;

const linesOf = (name: string) =>
  gunzipSync(readFileSync(join(import.meta.dirname, 'tables', name)))
    .toString('utf8')
    .trimEnd()
    .split('\n');

/** `left` is the place of the corpus that the model leaves out, from 1; 0 for none. */
export function generalWords(left: number): { words: string[]; ratings: Float32Array<ArrayBuffer> } {
  const lines = linesOf('general.tsv.gz');
  const words: string[] = [];
  const ratings = new Float32Array(lines.length);
  lines.forEach((line, i) => {
    const cells = line.split('\t');
    words.push(cells[0]);
    ratings[i] = Number(cells[1 + left]) * GENERAL_UNIT;
  });
  return { words, ratings };
}

/** How many of the texts with these keys each corpus has, in the order of GENERAL_CORPORA. */
export function countGeneralTexts(keys: readonly string[]): number[] {
  const corpora = GENERAL_CORPORA.map(() => new Set<string>());
  for (const line of linesOf('general_texts.txt.gz')) corpora[Number(line[0]) - 1].add(line.slice(1));
  return corpora.map((own) => keys.reduce((sum, key) => sum + Number(own.has(key.slice(0, KEY_LENGTH))), 0));
}
