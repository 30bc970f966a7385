/**
 * Does what train_sklearn.py does with this project's code: vectorises (uni- and bigram TF-IDF), fits, and prints the
 * times as JSON. They exclude reading the texts and include the compiler's warm-up.
 *
 *     node bench/train_ours.ts TRAIN.jsonl TEST.jsonl MIN_DF C
 */
import { fitL2 } from '../ml/classifiers/logistic_l2.ts';
import type { Review } from '../ml/corpus/review.ts';
import { readReviews } from '../ml/corpus/reviews_file.ts';
import { dot } from '../ml/features/csr.ts';
import { fitVectorizer } from '../ml/features/vectorizer.ts';
import { createNormalizer } from '../ml/text/normalize.ts';
import { cpuSeconds, l2Settings, normalizeSettings, wordSettings } from './settings.ts';

const [trainPath, testPath, minDf, c] = process.argv.slice(2);
const reviews = [...readReviews(trainPath)];
const test = [...readReviews(testPath)];

const began = cpuSeconds();
const beganAt = performance.now();
const normalize = createNormalizer(normalizeSettings);
function* normalized(given: readonly Review[]): Generator<string> {
  for (const { text } of given) yield normalize(text);
}
const { vectorizer, x } = fitVectorizer(normalized(reviews), wordSettings(Number(minDf)));
const vectorised = cpuSeconds();
const target = Float64Array.from(reviews, (review) => review.label);
const weight = new Float64Array(reviews.length).fill(1);
const { weights, intercepts, objective, gap } = fitL2({ x, target, weight }, l2Settings(Number(c)));
const fitted = cpuSeconds();
const wallSeconds = (performance.now() - beganAt) / 1000;

const testX = vectorizer.transform(normalized(test));
const right = test.filter(({ label }, i) => (dot(testX, i, weights) + intercepts[0] > 0 ? 1 : 0) === label).length;
const result = {
  vectoriseSeconds: vectorised - began,
  fitSeconds: fitted - vectorised,
  wallSeconds,
  objective,
  gap,
  accuracy: right / test.length,
  columns: x.columnCount,
  nonZeros: x.columns.length,
  rssMegabytes: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
