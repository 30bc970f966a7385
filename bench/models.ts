/** The models that the bench scores and serves, trained on the snippets. */

import { readReviews } from '../ml/corpus/reviews_file.ts';
import { saveModel } from '../ml/model/artifact.ts';
import { readParams } from '../ml/params.ts';
import { trainModel } from '../ml/training.ts';
import { runJson } from './child.ts';
import type { Corpus } from './corpora.ts';
import { benchFile } from './folder.ts';
import type { Peers } from './peers.ts';
import { wordSettings } from './settings.ts';

/** Paths. `words`: uni- and bigram TF-IDF on both sides. `standard`: params.yaml's; sklearnAll has the same n-grams. */
export type BenchModels = { words: string; standard: string; sklearnWords: string; sklearnAll: string };

export async function trainBenchModels(snippets: Corpus, peers: Peers): Promise<BenchModels> {
  const params = readParams();
  const reviews = [...readReviews(snippets.train)];
  const models = {
    words: benchFile('words.model'),
    standard: benchFile('standard.model'),
    sklearnWords: benchFile('words.joblib'),
    sklearnAll: benchFile('words+chars.joblib'),
  };
  process.stderr.write('training the models to score and serve ...\n');
  saveModel(models.standard, trainModel(reviews, params).parts);
  saveModel(models.words, trainModel(reviews, { ...params, feature_engineering: wordSettings(1) }).parts);
  const fit = [peers.python, 'bench/peers/fit_pipeline.py', snippets.train];
  await runJson([...fit, 'words', models.sklearnWords]);
  await runJson([...fit, 'words+chars', models.sklearnAll]);
  return models;
}
