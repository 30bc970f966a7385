/**
 * Stage 2: normalises the texts, one at a time. Leaves out texts that are then empty, and training texts that are then
 * near duplicates of a test text.
 */
import { classSetOf } from '../corpus/classes.ts';
import { nearDuplicateKey } from '../corpus/duplicates.ts';
import type { Review } from '../corpus/review.ts';
import { describeCounts, nameCounts, readReviews, writeReviews } from '../corpus/reviews_file.ts';
import { runMain } from '../errors.ts';
import { writeJson } from '../files.ts';
import { readParams } from '../params.ts';
import { repairsEncoding } from '../text/encoding_repair.ts';
import { createNormalizer } from '../text/normalize.ts';
import type { NormalizeSettings } from '../text/rules.ts';
import { paths } from './paths.ts';

/** Normalises a stream of reviews and counts those left out. The test part must come first. */
class Preprocessor {
  read = 0;
  empty = 0;
  leaks = 0;
  repaired = 0;
  readonly #settings: NormalizeSettings;
  /** Keys of the test texts. */
  readonly #testKeys = new Set<string>();

  constructor(settings: NormalizeSettings) {
    this.#settings = settings;
  }

  *test(reviews: Iterable<Review>): Generator<Review, void> {
    for (const review of this.#normalized(reviews)) {
      this.#testKeys.add(nearDuplicateKey(review.text));
      yield review;
    }
  }

  *train(reviews: Iterable<Review>): Generator<Review, void> {
    for (const review of this.#normalized(reviews)) {
      if (this.#testKeys.has(nearDuplicateKey(review.text))) this.leaks++;
      else yield review;
    }
  }

  *#normalized(reviews: Iterable<Review>): Generator<Review, void> {
    const normalize = createNormalizer(this.#settings);
    for (const review of reviews) {
      this.read++;
      if (this.#settings.repair_encoding && repairsEncoding(review.text)) this.repaired++;
      const text = normalize(review.text);
      if (text.trim() === '') this.empty++;
      else yield { ...review, text };
    }
  }
}

await runMain(() => {
  const params = readParams();
  const { names } = classSetOf(params.data_ingestion);
  const preprocessor = new Preprocessor(params.data_preprocessing);
  const test = writeReviews(paths.interimTest, preprocessor.test(readReviews(paths.rawTest)));
  const train = writeReviews(paths.interimTrain, preprocessor.train(readReviews(paths.rawTrain)));
  const { read, empty, leaks, repaired } = preprocessor;
  console.log(`${read.toLocaleString('en')} read, ${(train.texts + test.texts).toLocaleString('en')} kept`);
  if (repaired > 0) console.log(`  ${repaired.toLocaleString('en')} repaired: they were encoded as UTF-8 twice`);
  if (empty > 0) console.log(`  ${empty.toLocaleString('en')} empty after normalisation`);
  if (leaks > 0)
    console.log(`  ${leaks.toLocaleString('en')} of the training part equal to a test text after normalisation`);
  console.log(`train: ${describeCounts(train, names)}`);
  console.log(`test:  ${describeCounts(test, names)}`);
  writeJson(paths.preprocessingReport, {
    texts_read: read,
    texts_kept: train.texts + test.texts,
    encoding_repaired: repaired,
    left_out: { empty_when_normalised: empty, leak_when_normalised: leaks },
    train: nameCounts(train, names),
    test: nameCounts(test, names),
  });
});
