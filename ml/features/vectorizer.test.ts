import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockSettings } from './block.ts';
import type { Csr } from './csr.ts';
import { fitVectorizer, type Vectorizer, type VectorizerSettings } from './vectorizer.ts';

type Rows = Record<string, number>[];
type Golden = { texts: string[]; unseen: string[]; cases: Record<string, { train: Rows; unseen: Rows }> };

/** Made by testdata/golden.py with scikit-learn. */
const golden = JSON.parse(readFileSync(new URL('./testdata/sklearn.json', import.meta.url), 'utf8')) as Golden;

const tfidf: BlockSettings = {
  ngrams: [1, 1],
  min_df: 1,
  max_df: 1,
  max_features: 0,
  weighting: 'tfidf',
  sublinear_tf: false,
  smooth_idf: true,
  norm: 'l2',
};
const counts: BlockSettings = { ...tfidf, weighting: 'count', norm: 'none' };

function settingsOf(word: BlockSettings | null, char: BlockSettings | null = null): VectorizerSettings {
  return {
    tokenizer: 'words',
    stemmer: 'none',
    stopwords: 'none',
    negation_scope: 0,
    negation_weight: 1,
    contrast_weight: 1,
    word,
    char,
  };
}

function rowsOf(vectorizer: Vectorizer, x: Csr): Rows {
  const names = vectorizer.blocks.flatMap(({ ngrams }) => ngrams.terms());
  return Array.from({ length: x.rowCount }, (_, i) => {
    const row: Record<string, number> = {};
    for (let k = x.start[i]; k < x.start[i + 1]; k++) row[names[x.columns[k]]] = x.values[k];
    return row;
  });
}

describe('a vectorizer, next to scikit-learn', () => {
  it.each<[string, VectorizerSettings]>([
    ['word_uni_bi_tfidf', settingsOf({ ...tfidf, ngrams: [1, 2], sublinear_tf: true })],
    ['word_raw_idf', settingsOf({ ...tfidf, smooth_idf: false, norm: 'l1' })],
    ['word_counts', settingsOf({ ...counts, ngrams: [1, 3], min_df: 2 })],
    ['word_binary', settingsOf({ ...counts, weighting: 'binary', min_df: 2, max_df: 0.5 })],
    ['char_wb', settingsOf(null, { ...tfidf, ngrams: [3, 5], sublinear_tf: true, min_df: 2 })],
    ['char_wb_two', settingsOf(null, { ...counts, ngrams: [2, 6] })],
  ])('gives the same rows for %s', (name, settings) => {
    const { vectorizer, x } = fitVectorizer(golden.texts, settings);
    expectRows(rowsOf(vectorizer, x), golden.cases[name].train);
    expectRows(rowsOf(vectorizer, vectorizer.transform(golden.unseen)), golden.cases[name].unseen);
  });
});

/** Values are stored in 32 bits: seven digits. */
function expectRows(rows: Rows, expected: Rows): void {
  expect(rows.map((row) => Object.keys(row).sort())).toEqual(expected.map((row) => Object.keys(row).sort()));
  rows.forEach((row, i) => {
    for (const [term, value] of Object.entries(row)) expect(value).toBeCloseTo(expected[i][term], 6);
  });
}

describe('fitting', () => {
  it('keeps the most frequent terms, and among equals the earliest', () => {
    const { vectorizer } = fitVectorizer(['b a', 'c a', 'd c'], settingsOf({ ...counts, max_features: 3 }));
    expect(vectorizer.blocks[0].ngrams.terms()).toEqual(['b', 'a', 'c']);
  });

  it('reads min_df below 1 as a share of the texts', () => {
    const { vectorizer } = fitVectorizer(['a b', 'a c', 'a b', 'a d'], settingsOf({ ...counts, min_df: 0.5 }));
    expect(vectorizer.columnCount).toBe(2);
  });

  it('says which limit to change if no term remains', () => {
    expect(() => fitVectorizer(['a b', 'c d'], settingsOf({ ...counts, min_df: 2 }))).toThrow(
      'none of 4 word n-grams in 2 documents remains after pruning with min_df 2 and max_df 1',
    );
  });

  it('puts the columns of characters after those of words', () => {
    const { vectorizer, x } = fitVectorizer(['ab ab'], settingsOf(counts, { ...counts, ngrams: [4, 4] }));
    expect(vectorizer.offsets).toEqual([0, 1]);
    expect([...x.columns]).toEqual([0, 1]);
    expect([...x.values]).toEqual([2, 2]);
  });

  it('gives the same rows as transforming the same texts, bit for bit', () => {
    const text = fc.string({ unit: fc.constantFrom(..."ab c!n't é".split('')), maxLength: 40 });
    const settings = {
      ...settingsOf({ ...tfidf, ngrams: [1, 2], sublinear_tf: true }, { ...tfidf, ngrams: [2, 4], min_df: 2 }),
      negation_scope: 2,
      negation_weight: 1.5,
      contrast_weight: 0.3,
    };
    fc.assert(
      fc.property(fc.array(text, { minLength: 3, maxLength: 20 }), (texts) => {
        const corpus = [...texts, 'aba', 'aba'];
        const { vectorizer, x } = fitVectorizer(corpus, settings);
        expect({ ...vectorizer.transform(corpus), blocks: x.blocks }).toEqual(x);
      }),
    );
  });

  it('gives the same columns for the same texts', () => {
    const settings = settingsOf({ ...tfidf, ngrams: [1, 2] }, { ...tfidf, ngrams: [2, 4] });
    const [first, second] = [0, 1].map(() => fitVectorizer(golden.texts, settings));
    expect(first.x).toEqual(second.x);
  });
});

describe('a negated word', () => {
  const settings = { ...settingsOf(counts), negation_scope: 1 };

  it('counts with the opposite sign', () => {
    const { vectorizer, x } = fitVectorizer(['good', 'not good'], settings);
    expect(rowsOf(vectorizer, x)).toEqual([{ good: 1 }, { not: 1, good: -1 }]);
  });

  it('cancels the same word without a negation', () => {
    const { vectorizer, x } = fitVectorizer(['good not good'], settings);
    expect(rowsOf(vectorizer, x)).toEqual([{ good: 0, not: 1 }]);
  });
});
