/**
 * Trains on the first COUNT texts of grown_texts.ts, as `sentiment train` does, and prints what each part of the work takes
 * as JSON. Making the texts is not measured.
 *
 *     node bench/grow_ours.ts KIND COUNT FEATURES MODEL
 *
 * FEATURES is words (uni- and bigrams), standard (as in params.yaml) or hashed (standard, with 2^18 columns a block).
 */
import { rmSync, statSync } from 'node:fs';
import { classSetOf } from '../ml/corpus/classes.ts';
import type { Review } from '../ml/corpus/review.ts';
import { fitVectorizer } from '../ml/features/vectorizer.ts';
import { lexiconOf } from '../ml/lexicon/lexicon.ts';
import { saveModel } from '../ml/model/artifact.ts';
import { profileOf } from '../ml/model/profile.ts';
import { readParams } from '../ml/params.ts';
import { createNormalizer } from '../ml/text/normalize.ts';
import { labelsOf, modelParts } from '../ml/training.ts';
import { fitWeights } from '../ml/weights.ts';
import { grownTexts, type Kind } from './grown_texts.ts';
import { cpuSeconds, wordSettings } from './settings.ts';

/** Processor time of each part in seconds, memory and file in megabytes. */
export type Growth = {
  vectorise: number;
  fit: number;
  /** Profile, fingerprints, and the file. */
  rest: number;
  columns: number;
  nonZeros: number;
  passes: number;
  memory: number;
  /** Memory before the training began: the program and the texts. */
  texts: number;
  artifact: number;
};

const [kind, count, features, path] = process.argv.slice(2);
const given = readParams();
const own = features === 'words' ? wordSettings(1) : given.feature_engineering;
const hashing = features === 'hashed' ? 2 ** 18 : undefined;
const params = { ...given, feature_engineering: { ...own, hashing } };
const reviews: Review[] = [];
for await (const review of grownTexts(kind as Kind)) if (reviews.push(review) === Number(count)) break;
const texts = process.resourceUsage().maxRSS;

const normalize = createNormalizer(params.data_preprocessing);
function* normalized(): Generator<{ text: string }> {
  for (const { text } of reviews) yield { text: normalize(text) };
}
function* textsOf(): Generator<string> {
  for (const { text } of normalized()) yield text;
}
const began = cpuSeconds();
const { vectorizer, x } = fitVectorizer(textsOf(), params.feature_engineering);
const vectorised = cpuSeconds();
const classes = classSetOf(params.data_ingestion);
const lexicon = lexiconOf(params.feature_engineering);
const fitted = fitWeights(x, labelsOf(reviews), classes, params.model_building, lexicon);
const fittedAt = cpuSeconds();
const profile = profileOf(normalized(), vectorizer, x, fitted.scores);
const data = { dataDigest: '', trainingTexts: reviews.length, domains: {} };
saveModel(path, modelParts(params, vectorizer, fitted, data, profile, [reviews, normalized()]));
const result: Growth = {
  vectorise: vectorised - began,
  fit: fittedAt - vectorised,
  rest: cpuSeconds() - fittedAt,
  columns: x.columnCount,
  nonZeros: x.columns.length,
  passes: fitted.model.iterations,
  memory: process.resourceUsage().maxRSS / 1024,
  texts: texts / 1024,
  artifact: statSync(path).size / 1e6,
};
rmSync(path);
process.stdout.write(`${JSON.stringify(result)}\n`);
