/** The usable texts of the source that data_ingestion names, for those who want them in memory. */
import type { DataIngestionParams } from '../params.ts';
import { type Corpus, gatherCorpus } from './corpus.ts';
import type { SourceOptions } from './open_source.ts';
import type { Review } from './review.ts';

/** All of them, in the source's order. Throws what gatherCorpus throws. */
export function readReviews(settings: DataIngestionParams, options: SourceOptions): Promise<Review[]> {
  return withCorpus(settings, options, (corpus) => [...corpus.reviews()]);
}

/** The two parts that data_ingestion makes, shuffled. Throws what gatherCorpus throws, and SPLIT_IMPOSSIBLE. */
export function readSplit(
  settings: DataIngestionParams,
  options: SourceOptions,
): Promise<{ train: Review[]; test: Review[] }> {
  return withCorpus(settings, options, (corpus) => {
    const { train, test } = corpus.split(settings);
    return { train: [...corpus.reviews(train)], test: [...corpus.reviews(test)] };
  });
}

async function withCorpus<T>(
  settings: DataIngestionParams,
  options: SourceOptions,
  use: (corpus: Corpus) => T,
): Promise<T> {
  const corpus = await gatherCorpus(settings, options);
  try {
    for (const line of corpus.describe()) options.log(line);
    return use(corpus);
  } finally {
    corpus.close();
  }
}
