/** Stage 3: turns normalised texts into sparse matrices. Only the training part defines the vocabulary. */
import { createHash } from 'node:crypto';
import { countDomain, type Review, updateDigest } from '../corpus/review.ts';
import { readReviews } from '../corpus/reviews_file.ts';
import { runMain, SentimentError } from '../errors.ts';
import type { Csr } from '../features/csr.ts';
import { fitVectorizer } from '../features/vectorizer.ts';
import { saveVectorizer } from '../model/vectorizer_file.ts';
import { readParams } from '../params.ts';
import { priorOf } from '../prior.ts';
import { type LabelledMatrix, saveMatrix } from './matrix_file.ts';
import { paths } from './paths.ts';

/** Passes the texts on and keeps only labels, ratings, weights, counts and a digest, so that memory holds one text at a time. */
class LabelCollector {
  readonly #labels: number[] = [];
  readonly #ratings: number[] = [];
  readonly #weights: number[] = [];
  readonly #domains = new Map<string, number>();
  readonly #hash = createHash('sha256');

  *texts(reviews: Iterable<Review>): Generator<string> {
    for (const review of reviews) {
      this.#labels.push(review.label);
      this.#ratings.push(review.rating ?? Number.NaN);
      this.#weights.push(review.weight ?? 1);
      countDomain(this.#domains, review);
      updateDigest(this.#hash, review);
      yield review.text;
    }
  }

  with(x: Csr): LabelledMatrix {
    return {
      x,
      labels: Uint8Array.from(this.#labels),
      ratings: Float64Array.from(this.#ratings),
      weights: Float64Array.from(this.#weights),
      dataDigest: this.#hash.digest('hex'),
      domains: Object.fromEntries(this.#domains),
    };
  }
}

await runMain(() => {
  const settings = readParams().feature_engineering;

  const train = new LabelCollector();
  const prior = priorOf(settings.prior, readReviews(paths.rawTrain));
  const { vectorizer, x } = fitVectorizer(train.texts(readReviews(paths.interimTrain)), settings, prior);
  if (x.rowCount === 0) throw new SentimentError('CORPUS_EMPTY', `${paths.interimTrain} holds no text`);
  const test = new LabelCollector();
  const testX = vectorizer.transform(test.texts(readReviews(paths.interimTest)));

  saveMatrix(paths.processedTrain, train.with(x));
  saveMatrix(paths.processedTest, test.with(testX));
  saveVectorizer(paths.vectorizer, vectorizer);

  for (const { ngrams } of vectorizer.blocks) {
    console.log(`${ngrams.unit} n-grams: ${ngrams.size.toLocaleString('en')} columns`);
  }
  console.log(`train: ${describe(x)}`);
  console.log(`test:  ${describe(testX)}`);
});

function describe(x: Csr): string {
  const mean = x.rowCount === 0 ? 0 : x.columns.length / x.rowCount;
  return `${x.rowCount.toLocaleString('en')} texts, ${mean.toFixed(0)} features a text`;
}
