/**
 * What the bench works on: texts, and models trained on them. The texts are the movie snippets, split as params.yaml
 * splits them, and long reviews made from them.
 *
 * A long review consists of random snippets, four of five from its own class, until it has 230 words (the mean of IMDB
 * reviews). Such texts have fewer different words and bigrams than as many real reviews.
 */

import { join } from 'node:path';
import { gatherSplit } from '../ml/corpus/corpus.ts';
import type { Review } from '../ml/corpus/review.ts';
import { readReviews } from '../ml/corpus/reviews_file.ts';
import { writeText } from '../ml/files.ts';
import { saveModel } from '../ml/model/artifact.ts';
import { readParams } from '../ml/params.ts';
import { createRandom } from '../ml/random.ts';
import { paths } from '../ml/stages/paths.ts';
import { trainModel } from '../ml/training.ts';
import { benchFile, root, runJson } from './child.ts';
import type { Peers } from './peers.ts';
import { wordSettings } from './settings.ts';

export type Corpus = { name: string; train: string; test: string; minDf: number };

/** `quarter` is the first quarter of the long training texts. */
export type Corpora = { snippets: Corpus; long: Corpus; quarter: Corpus };

const WORDS = 230;
const LONG_TRAIN = 20_000;
const LONG_TEST = 2_000;
const OWN_CLASS = 0.8;

export async function prepareCorpora(): Promise<Corpora> {
  const settings = { ...readParams().data_ingestion, source: 'embedded:movies', sources: undefined };
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
    writeText(path, reviews.map((review) => `${JSON.stringify(review)}\n`).join(''));
    return path;
  };
  return { name, train: file('train', train), test: file('test', test), minDf };
}

/**
 * Paths. `words`: uni- and bigram TF-IDF on both sides. `chars`: the n-grams of params.yaml, as sklearnAll has them. `standard`: as
 * in params.yaml, with what scikit-learn's pipeline lacks: negation and contrast, polarities, the blend.
 */
export type BenchModels = { words: string; chars: string; standard: string; sklearnWords: string; sklearnAll: string };

export async function trainBenchModels(snippets: Corpus, peers: Peers): Promise<BenchModels> {
  const params = readParams();
  const reviews = [...readReviews(snippets.train)];
  const models = {
    words: benchFile('words.model'),
    chars: benchFile('words+chars.model'),
    standard: benchFile('standard.model'),
    sklearnWords: benchFile('words.joblib'),
    sklearnAll: benchFile('words+chars.joblib'),
  };
  process.stderr.write('training the models to score and serve ...\n');
  saveModel(models.standard, trainModel(reviews, params).parts);
  const plain = { ...params, model_building: { ...params.model_building, nb_blend: 0 } };
  const { word, char } = params.feature_engineering;
  const ngrams = { ...wordSettings(1), word, char };
  saveModel(models.words, trainModel(reviews, { ...plain, feature_engineering: wordSettings(1) }).parts);
  saveModel(models.chars, trainModel(reviews, { ...plain, feature_engineering: ngrams }).parts);
  const fit = [peers.python, 'bench/peers/fit_pipeline.py', snippets.train];
  await runJson([...fit, 'words', models.sklearnWords]);
  await runJson([...fit, 'words+chars', models.sklearnAll]);
  return models;
}
