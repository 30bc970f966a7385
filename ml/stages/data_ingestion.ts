/** Stage 1: reads the texts of the source in params.yaml, checks and labels them, removes duplicates, splits them. */
import { gatherCorpus } from '../corpus/corpus.ts';
import { countLeaks } from '../corpus/duplicates.ts';
import { describeCounts, readReviews, writeReviews } from '../corpus/reviews_file.ts';
import { runMain, SentimentError } from '../errors.ts';
import { writeJson } from '../files.ts';
import { readParams } from '../params.ts';
import { paths } from './paths.ts';

await runMain(async () => {
  const settings = readParams().data_ingestion;
  const corpus = await gatherCorpus(settings, { folder: paths.downloads, log: console.log });
  try {
    for (const line of corpus.describe()) console.log(line);
    const split = corpus.split(settings);
    const test = writeReviews(paths.rawTest, corpus.reviews(split.test));
    const train = writeReviews(paths.rawTrain, corpus.reviews(split.train));
    const leaks = countLeaks(readReviews(paths.rawTrain), readReviews(paths.rawTest));
    if (leaks.texts > 0) {
      throw new SentimentError('SPLIT_LEAKS', `${leaks.texts} training texts are also in the test part`, {
        next: 'this is a bug: please report it with the source',
      });
    }
    console.log(`train: ${describeCounts(train)}`);
    console.log(`test:  ${describeCounts(test)}`);
    if (split.leaks > 0)
      console.log(`${split.leaks} training texts left out: the source also has them in its test part`);
    console.log(`across the split: ${leaks.texts} texts, ${leaks.groups} groups`);
    writeJson(paths.ingestionReport, {
      source: corpus.name,
      rows_read: corpus.census.rowsRead,
      rows_kept: train.texts + test.texts,
      left_out: { ...corpus.census.counts(), leak_in_source_split: split.leaks },
      surrogates_replaced: corpus.census.repaired,
      train,
      test,
      texts_across_split: leaks.texts,
      groups_across_split: leaks.groups,
      examples: corpus.census.examples(),
    });
  } finally {
    corpus.close();
  }
});
