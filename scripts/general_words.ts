/**
 * Writes the general model's opinion of each word anew (ml/lexicon/general_words.ts).
 *
 *     node scripts/general_words.ts
 *
 * It trains five models, which takes half a minute, so it runs when the default model changes, and not with the pipeline.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { gatherReviews } from '../ml/corpus/corpus.ts';
import { nearDuplicateKey } from '../ml/corpus/duplicates.ts';
import { GENERAL_CORPORA, GENERAL_UNIT, KEY_LENGTH } from '../ml/lexicon/general_words.ts';
import { paramsSchema } from '../ml/params.ts';
import { ratingsOf } from '../ml/prior.ts';
import { trainModel } from '../ml/training.ts';

// Calibration would change nothing but the scale.
const params = paramsSchema.parse({ model_building: { calibration: 'none' } });
const reviews = await gatherReviews(params.data_ingestion, { folder: tmpdir(), log: () => {} });
const models = [undefined, ...GENERAL_CORPORA].map((left) => {
  process.stderr.write(`training without ${left ?? 'nothing left out'} ...\n`);
  return trainModel(
    reviews.filter(({ domain }) => domain !== left),
    params,
  );
});
const { words } = models[0].parts.vectorizer;
const all = Array.from({ length: words.size }, (_, id) => words.word(id)).filter((word) => !/[\t\n]/.test(word));
const columns = models.map((model) => ratingsOf(model, all));
const lines = all.flatMap((word, i) => {
  const units = columns.map((ratings) => Math.max(-127, Math.min(127, Math.round(ratings[i] / GENERAL_UNIT))));
  return units.every((unit) => unit === 0) ? [] : [`${word}\t${units.join('\t')}\n`];
});
write('general.tsv.gz', lines);
const places = GENERAL_CORPORA.map((name, i) =>
  reviews.filter(({ domain }) => domain === name).map((own) => [i, own] as const),
);
write(
  'general_texts.txt.gz',
  places.flat().map(([i, { text }]) => `${i + 1}${nearDuplicateKey(text).slice(0, KEY_LENGTH)}\n`),
);

function write(name: string, content: readonly string[]): void {
  writeFileSync(join(import.meta.dirname, '../ml/lexicon/tables', name), gzipSync(content.join(''), { level: 9 }));
  process.stderr.write(`${name}: ${content.length} lines\n`);
}
