/** Stage 1: reads the texts of the sources in params.yaml, checks and labels them, removes duplicates, splits them. */
import { grouped } from '../corpus/census.ts';
import { classSetOf } from '../corpus/classes.ts';
import { gatherCorpus } from '../corpus/corpus.ts';
import { countLeaks } from '../corpus/duplicates.ts';
import type { Review } from '../corpus/review.ts';
import { describeCounts, nameCounts, readReviews, writeReviews } from '../corpus/reviews_file.ts';
import type { Stratum } from '../corpus/split.ts';
import { runMain, SentimentError } from '../errors.ts';
import { writeJson } from '../files.ts';
import { readParams } from '../params.ts';
import { paths } from './paths.ts';

/** How many of the texts that both parts would have are shown. */
const EXAMPLES = 3;

await runMain(async () => {
  const settings = readParams().data_ingestion;
  const { names } = classSetOf(settings);
  const corpus = await gatherCorpus(settings, { folder: paths.downloads, log: console.log });
  try {
    for (const line of corpus.describe()) console.log(line);
    const split = corpus.split(settings);
    const test = writeReviews(paths.rawTest, corpus.reviews(split.test));
    const train = writeReviews(paths.rawTrain, corpus.reviews(split.train));
    const leaks = countLeaks(readReviews(paths.rawTrain), readReviews(paths.rawTest));
    if (leaks.texts > 0 || leaks.groups > 0) {
      const message = `${leaks.texts} training texts and ${leaks.groups} groups are also in the test part`;
      throw new SentimentError('SPLIT_LEAKS', message, { next: 'this is a bug: please report it with the source' });
    }
    const shared = Array.from(corpus.reviews(split.shared.slice(0, EXAMPLES)), describeReview);
    console.log(`train: ${describeCounts(train, names)}`);
    console.log(`test:  ${describeCounts(test, names)}`);
    for (const stratum of split.strata ?? []) console.log(`  ${describeStratum(stratum, names)}`);
    if (split.shared.length > 0) {
      console.log(`${grouped(split.shared.length)} texts left out of training: the test part has them, or their group`);
      for (const line of shared) console.log(`    ${line}`);
    }
    writeJson(paths.ingestionReport, {
      source: corpus.name,
      sources: corpus.parts.map(({ name, domain, census, kept, elsewhere }) => ({
        ...{ source: name, domain, rows_read: census.rowsRead, rows_kept: kept, kept_from_a_source_before: elsewhere },
        left_out: census.counts(),
      })),
      test_source: settings.test_source,
      rows_read: corpus.census.rowsRead,
      rows_kept: train.texts + test.texts,
      left_out: { ...corpus.census.counts(), shared_with_test: split.shared.length },
      surrogates_replaced: corpus.census.repaired,
      written_out: corpus.census.writtenOut,
      train: nameCounts(train, names),
      test: nameCounts(test, names),
      strata: split.strata,
      texts_across_split: leaks.texts,
      groups_across_split: leaks.groups,
      examples: { ...corpus.census.examples(), ...(shared.length > 0 && { shared_with_test: shared }) },
    });
  } finally {
    corpus.close();
  }
});

function describeReview({ id, text }: Review): string {
  return `${id}: ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)}`;
}

function describeStratum({ label, held_out, texts, share, least, most }: Stratum, names: readonly string[]): string {
  const percent = (value: number) => (100 * value).toFixed(1);
  const isWithin = share >= least && share <= most;
  return (
    `${grouped(held_out)} of ${grouped(texts)} ${names[label]} texts are held out: ${percent(share)} %, ` +
    `${isWithin ? 'within' : 'outside'} the ${percent(least)} to ${percent(most)} % of 95 in 100 seeds`
  );
}
