import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { paramsSchema } from '../params.ts';
import { DIMENSIONS, lexiconOf } from './lexicon.ts';
import type { Table } from './table_names.ts';

const settings = paramsSchema.parse({}).feature_engineering;
const ratingOf = (word: string, polarity: Table[], changes: object = {}) => {
  const lexicon = lexiconOf({ ...settings, ...changes, polarity });
  const at = lexicon?.words.indexOf(word) ?? -1;
  return at < 0 ? undefined : lexicon?.ratings[0][at];
};

describe('the lexicon', () => {
  it('rates words from -1 to 1', () => {
    expect(ratingOf('great', ['vader'])).toBeCloseTo(3.1 / 4);
    expect(ratingOf('undercooked', ['vader'])).toBeUndefined();
    expect(ratingOf('superb', ['afinn'])).toBe(1);
    expect(ratingOf('worst', ['afinn'])).toBeCloseTo(-3 / 5);
  });

  it('has emoticons and emoji as texts have them', () => {
    expect(ratingOf('🙂', ['vader'])).toBeGreaterThan(0.3);
    expect(ratingOf('☹', ['vader'])).toBeLessThan(-0.3);
    expect(ratingOf('😂', ['afinn'])).toBeDefined();
  });

  it('has a vector of length 1 for words that no list rates', () => {
    const lexicon = lexiconOf({ ...settings, polarity: ['vectors', 'vader'] });
    const at = lexicon?.words.indexOf('undercooked') ?? -1;
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(lexicon?.vectorCount ?? 0);
    const own = Array.from(
      lexicon?.vectors.subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS) ?? [],
      (part) => part / 254,
    );
    expect(Math.hypot(...own)).toBeCloseTo(1, 1);
    expect(new Set(lexicon?.words).size).toBe(lexicon?.words.length);
  });

  it('follows the tokenizer: with stems, the words of a stem share a rating', () => {
    expect(ratingOf('love', ['afinn'], { stemmer: 'porter' })).toBeGreaterThan(0.4);
    expect(ratingOf('loved', ['afinn'], { stemmer: 'porter' })).toBeUndefined();
  });

  it('is left out without a table', () => {
    expect(lexiconOf({ ...settings, polarity: [] })).toBeUndefined();
    expect(lexiconOf({ ...settings, polarity: undefined })).toBeUndefined();
  });
});

it.each([
  ['vader_lexicon.txt.gz', 'VADER'],
  ['afinn_165.tsv', 'AFINN'],
  ['emoji_emotion.tsv', 'emoji'],
  ['glove_100d.words.gz', 'words of GloVe'],
  ['glove_100d.int8.gz', 'vectors of GloVe'],
  ['general.tsv.gz', 'words of the general model'],
  ['general_texts.txt.gz', 'texts of the general model'],
])('%s is the file that tables/README.md describes', (name) => {
  const bytes = readFileSync(new URL(`tables/${name}`, import.meta.url));
  const content = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  const readme = readFileSync(new URL('tables/README.md', import.meta.url), 'utf8');
  expect(readme).toContain(createHash('sha256').update(content).digest('hex'));
});
