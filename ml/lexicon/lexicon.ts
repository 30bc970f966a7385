/**
 * Words and what is known of them before training: how people rated them, and with which words they occur. A model learns from
 * it one number a word, its polarity (tied.ts), so that words it never met in training count too.
 *
 *     vader    about 7,300 words, emoticons among them, rated by ten people each (Hutto & Gilbert 2014)
 *     afinn    about 3,300 words rated by one person (Nielsen 2011), and 118 emoji
 *     vectors  97,407 words with a vector each from six billion words of text (GloVe: Pennington, Socher & Manning 2014)
 *
 * tables/README.md says where they come from. Ratings are scaled to -1 to 1, vectors have length 1.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type AnalyzerSettings, createAnalyzer } from '../text/analyzer.ts';
import { createNormalizer } from '../text/normalize.ts';
import type { NormalizeSettings } from '../text/rules.ts';
import { TABLES, type Table } from './table_names.ts';

/** Words are numbered from 0; those with a vector come first. */
export type Lexicon = {
  words: readonly string[];
  /** For each list a rating of each word, 0 where it has none. */
  ratings: readonly Float32Array[];
  /** Number of words with a vector. */
  vectorCount: number;
  /** DIMENSIONS numbers for each of them, side by side, in units of 1 / VECTOR_SCALE. */
  vectors: Int8Array;
  /** What another model says of each word; undefined if none is asked. */
  prior?: { ratings: Float32Array; name: string; always: boolean } | undefined;
};

/** Another model's opinion of words (ml/prior.ts). */
export type Prior = {
  /** For messages and for the model's facts. */
  name: string;
  words: readonly string[];
  /** One a word. Only their proportions matter. */
  ratings: Float32Array<ArrayBuffer>;
  /** Whether it is used in any case; else only where cross-validation says that it helps. */
  always: boolean;
};

export const DIMENSIONS = 100;
export const VECTOR_SCALE = 254;

/** A function, so that a bundle without training has none of it. */
const tableFile = (name: string) => readFileSync(join(import.meta.dirname, 'tables', name));

/** How the entries of a list are read, whatever the settings for texts are. */
const ENTRIES: NormalizeSettings = {
  rules: 2,
  lowercase: true,
  decode_entities: false,
  strip_tags: false,
  unicode_form: 'NFKC',
  emoticons: true,
};

let last: { key: string; prior: Prior | undefined; lexicon: Lexicon } | undefined;

/**
 * The words of the tables, then those that only `prior` has, as the analyzer of `settings` gives them. Equal arguments give equal
 * numbers. Undefined for no table and no prior.
 */
export function lexiconOf(
  settings: AnalyzerSettings & { polarity?: readonly Table[] | undefined },
  prior?: Prior,
): Lexicon | undefined {
  const tables = TABLES.filter((table) => settings.polarity?.includes(table));
  if (tables.length === 0 && prior === undefined) return undefined;
  const { rules, tokenizer, stemmer, stopwords } = settings;
  const key = JSON.stringify({ rules, tokenizer, stemmer, stopwords, tables });
  if (last?.key !== key || last.prior !== prior) last = { key, prior, lexicon: readTables(settings, tables, prior) };
  return last.lexicon;
}

function readTables(settings: AnalyzerSettings, tables: readonly Table[], prior: Prior | undefined): Lexicon {
  const tokenOf = tokenizerOf(settings);
  const ids = new Map<string, number>();
  let vectors = new Int8Array(0);
  if (tables.includes('vectors')) {
    const all = gunzipSync(tableFile('glove_100d.int8.gz'));
    vectors = new Int8Array(all.length);
    const given = gunzipSync(tableFile('glove_100d.words.gz')).toString('utf8').split('\n');
    given.forEach((word, row) => {
      const token = tokenOf(word);
      // The commonest word of a stem comes first.
      if (token === undefined || ids.has(token)) return;
      vectors.set(all.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS), ids.size * DIMENSIONS);
      ids.set(token, ids.size);
    });
    vectors = vectors.slice(0, ids.size * DIMENSIONS);
  }
  const vectorCount = ids.size;
  const lists = tables.filter((table) => table !== 'vectors').map((table) => meanRatings(LISTS[table](), tokenOf));
  for (const list of lists) for (const word of list.keys()) if (!ids.has(word)) ids.set(word, ids.size);
  const opinions = prior && meanRatings(zip(prior), tokenOf);
  for (const word of opinions?.keys() ?? []) if (!ids.has(word)) ids.set(word, ids.size);
  const words = [...ids.keys()];
  const ratingsOf = (list: Map<string, number>) => Float32Array.from(words, (word) => list.get(word) ?? 0);
  return {
    words,
    ratings: lists.map(ratingsOf),
    vectorCount,
    vectors,
    prior: prior && opinions && { ratings: ratingsOf(opinions), name: prior.name, always: prior.always },
  };
}

function zip({ words, ratings }: Prior): Rating[] {
  return words.map((word, i) => [word, ratings[i]]);
}

type Rating = [entry: string, rating: number];

const LISTS: Record<Exclude<Table, 'vectors'>, () => Rating[]> = {
  vader: () => ratingsIn(gunzipSync(tableFile('vader_lexicon.txt.gz')), 4),
  afinn: () => ['afinn_165.tsv', 'emoji_emotion.tsv'].flatMap((file) => ratingsIn(tableFile(file), 5)),
};

/** Lines of entry and rating from -`most` to `most`, separated by tabs. */
function ratingsIn(content: Buffer, most: number): Rating[] {
  const lines = content.toString('utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [entry, rating] = line.split('\t');
      return [entry, Number(rating) / most];
    });
}

/** Several entries can be one token: ":)" and ":-)", or words with one stem. Entries of several tokens are left out. */
function meanRatings(ratings: readonly Rating[], tokenOf: (entry: string) => string | undefined): Map<string, number> {
  const normalize = createNormalizer(ENTRIES);
  const all = new Map<string, number[]>();
  for (const [entry, rating] of ratings) {
    const token = tokenOf(normalize(entry));
    if (token === undefined) continue;
    const own = all.get(token);
    if (own) own.push(rating);
    else all.set(token, [rating]);
  }
  return new Map([...all].map(([token, own]) => [token, own.reduce((sum, value) => sum + value, 0) / own.length]));
}

/** The one token of an entry; undefined if it has none or several. */
function tokenizerOf(settings: AnalyzerSettings): (entry: string) => string | undefined {
  const analyze = createAnalyzer({ ...settings, negation_scope: 0, contrast_weight: 1 });
  return (entry) => {
    const tokens = analyze(entry);
    return tokens.count === 1 ? tokens.word(0) : undefined;
  };
}
