/**
 * Texts for the growth bench: as many as wanted, made from the embedded corpora so that the vocabulary grows as it does in
 * language.
 *
 * A text is a row of pieces, one to four words long, of random texts, four of five of its own class. It is as long as a random
 * text of the corpora, or 230 words (the mean of IMDB reviews). Pieces meet anew, so bigrams grow. New words would run out, so
 * a word that the corpora hold once is replaced by a new one with probability c^(b - 1). Here c says how often the corpora's
 * number of words has been written so far, and b is the share of words that occur once. That is Heaps' law, V(n) ~ n^b (Heaps
 * 1978), continued from where the corpora end: at n words, dV/dn is the share of words that occur once (Good 1953). A new word
 * is the first half of one rare word and the second half of another.
 */
import { join } from 'node:path';
import { gatherReviews } from '../ml/corpus/corpus.ts';
import type { Review } from '../ml/corpus/review.ts';
import { readParams } from '../ml/params.ts';
import { createRandom } from '../ml/random.ts';
import { paths } from '../ml/stages/paths.ts';
import { root } from './child.ts';

export type Kind = 'snippets' | 'long reviews';

const LONG_WORDS = 230;
const OWN_CLASS = 0.8;
const LEAST_PIECE = 1;
const MOST_PIECE = 4;

/** Texts of `kind` without an end, with labels 0 and 1 in turn. The same `seed` gives the same texts. */
export async function* grownTexts(kind: Kind, seed = 42): AsyncGenerator<Review, void> {
  const settings = { ...readParams().data_ingestion, source: 'embedded:all', sources: undefined };
  const corpus = await gatherReviews(settings, { folder: join(root, paths.downloads), log: () => {} });
  const byClass: string[][][] = [[], []];
  for (const { label, text } of corpus) byClass[label].push(text.split(' '));
  const counts = new Map<string, number>();
  let total = 0;
  for (const word of byClass.flat(2)) {
    counts.set(lettersOf(word), (counts.get(lettersOf(word)) ?? 0) + 1);
    total++;
  }
  const rare = [...counts.keys()].filter((word) => word.length > 3 && counts.get(word) === 1);
  const exponent = rare.length / counts.size;

  const random = createRandom(seed);
  const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const half = (word: string) => Math.ceil(word.length / 2);
  const newWord = () => {
    const [first, second] = [oneOf(rare), oneOf(rare)];
    return first.slice(0, half(first)) + second.slice(half(second));
  };
  const rareWords = new Set(rare);
  let written = 0;
  for (let i = 0; ; i++) {
    const label = i % 2;
    const length = kind === 'snippets' ? oneOf(byClass[label]).length : LONG_WORDS;
    // Until then, rare words of the corpora are met for the first time.
    const isNew = written < total ? 0 : (written / total) ** (exponent - 1);
    const words: string[] = [];
    while (words.length < length) {
      const from = oneOf(byClass[random() < OWN_CLASS ? label : 1 - label]);
      const size = LEAST_PIECE + Math.floor(random() * (MOST_PIECE - LEAST_PIECE + 1));
      const start = Math.floor(random() * Math.max(1, from.length - size));
      for (const word of from.slice(start, start + size)) {
        words.push(random() < isNew && rareWords.has(lettersOf(word)) ? newWord() : word);
      }
    }
    written += words.length;
    yield { id: String(i), text: words.join(' '), label };
  }
}

function lettersOf(word: string): string {
  return word.toLowerCase().replaceAll(/[^\p{L}'-]/gu, '');
}
