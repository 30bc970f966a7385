/**
 * The texts of the bench: the movie snippets, split as params.yaml splits them, and long reviews put together from them.
 *
 * No large corpus of real reviews comes from a package registry, so long ones are made: snippets drawn until there are
 * 230 words (the mean of IMDB reviews), four of five from the review's own class. What that does not have is the
 * vocabulary of as many real words: there are no more different bigrams than the snippets hold.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatherSplit } from '../ml/corpus/corpus.ts';
import type { Review } from '../ml/corpus/review.ts';
import { readParams } from '../ml/params.ts';
import { createRandom } from '../ml/random.ts';
import { paths } from '../ml/stages/paths.ts';
import { benchFile, root } from './folder.ts';

export type Corpus = { name: string; train: string; test: string; minDf: number };

/** `quarter` is the first quarter of the long training texts. */
export type Corpora = { snippets: Corpus; long: Corpus; quarter: Corpus };

const WORDS = 230;
const LONG_TRAIN = 20_000;
const LONG_TEST = 2_000;
const OWN_CLASS = 0.8;

export async function prepareCorpora(): Promise<Corpora> {
  const settings = { ...readParams().data_ingestion, source: 'embedded:movies' };
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const { train, test } = await gatherSplit(settings, { folder: join(root, paths.downloads), log });
  const random = createRandom(settings.seed);
  const long = longReviews(train, LONG_TRAIN, random);
  const longTest = longReviews(test, LONG_TEST, random);
  return {
    snippets: write('snippets', train, test, 1),
    long: write('long', long, longTest, 2),
    quarter: write('quarter', long.slice(0, LONG_TRAIN / 4), longTest, 2),
  };
}

function longReviews(snippets: Review[], count: number, random: () => number): Review[] {
  const byClass = [0, 1].map((label) => snippets.filter((snippet) => snippet.label === label).map(({ text }) => text));
  return Array.from({ length: count }, (_, i) => {
    const label = (i % 2) as 0 | 1;
    const sentences: string[] = [];
    for (let words = 0; words < WORDS; ) {
      const from = byClass[random() < OWN_CLASS ? label : 1 - label];
      const sentence = from[Math.floor(random() * from.length)];
      sentences.push(sentence);
      words += sentence.split(' ').length;
    }
    return { id: String(i), text: sentences.join(' '), label };
  });
}

function write(name: string, train: Review[], test: Review[], minDf: number): Corpus {
  const file = (side: string, reviews: Review[]) => {
    const path = benchFile(`${name}-${side}.jsonl`);
    writeFileSync(path, reviews.map((review) => `${JSON.stringify(review)}\n`).join(''));
    return path;
  };
  return { name, train: file('train', train), test: file('test', test), minDf };
}
