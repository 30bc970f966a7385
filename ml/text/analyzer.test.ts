import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnalyzerSettings, createAnalyzer } from './analyzer.ts';
import type { Tokens } from './tokens.ts';

const plain: AnalyzerSettings = {
  rules: 2,
  tokenizer: 'words',
  stemmer: 'none',
  stopwords: 'none',
  negation_scope: 0,
  negation_weight: 1,
  contrast_weight: 1,
};

function wordsOf(tokens: Tokens): string[] {
  return Array.from({ length: tokens.count }, (_, i) => tokens.word(i));
}

function split(text: string, settings: Partial<AnalyzerSettings> = {}): string[] {
  return wordsOf(createAnalyzer({ ...plain, ...settings })(text));
}

describe('the scanner', () => {
  it.each([
    ['splits at everything but letters and digits', 'well-made, 90 minutes.', ['well', 'made', '90', 'minutes']],
    ['keeps one-letter words', 'a b i', ['a', 'b', 'i']],
    ["splits n't off its verb", "wasn't can't won't", ['was', "n't", 'ca', "n't", 'wo', "n't"]],
    [
      "splits off 's and similar endings",
      "film's we're i've he'll i'm she'd",
      ['film', "'s", 'we', "'re", 'i', "'ve", 'he', "'ll", 'i', "'m", 'she', "'d"],
    ],
    ['keeps other apostrophes between letters', "o'neil rock'n'roll", ["o'neil", "rock'n'roll"]],
    ['drops apostrophes used as quotes', "'good' ''bad''", ['good', 'bad']],
    ['makes one token of a run of exclamation marks', 'great!!! really?', ['great', '!', 'really', '?']],
    ['accepts letters of any script', 'café 映画 кино', ['café', '映画', 'кино']],
    ['accepts letters outside the basic plane', 'a\u{10400}b', ['a\u{10400}b']],
    ['makes a token of a pictograph', 'fun 😀☹ end', ['fun', '😀', '☹', 'end']],
    ['finds no tokens in separators', ' .,- \u0000', []],
    ['cuts tokens over 64 characters', `${'x'.repeat(65)} ${'y'.repeat(64)}`, ['x'.repeat(64), 'x', 'y'.repeat(64)]],
  ])('%s', (_, text, expected) => {
    expect(split(text)).toEqual(expected);
  });

  it("agrees with scikit-learn's pattern on text without contractions and marks", () => {
    const letters = fc.constantFrom(...'abcxyz019 .,-;:"()éж\n\t'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 60 }), (text) => {
        expect(split(text)).toEqual([...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].map(([word]) => word));
      }),
    );
  });

  it('gives the position of each token, for any text', () => {
    const parts = fc.constantFrom('这部电影', 'ไม่ดี', '👨‍👩‍👧', '🇺🇸🇫🇷', 'x'.repeat(65), '\ud800');
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), parts)), (given) => {
        const text = given.join('');
        const tokens = createAnalyzer(plain)(text);
        for (let i = 0; i < tokens.count; i++) expect(text.slice(tokens.from[i], tokens.to[i])).toBe(tokens.word(i));
      }),
    );
  });

  it('leaves no letter out, for any text', () => {
    const parts = fc.constantFrom('这部电影', 'ไม่ดี', '가나다', "isn't", 'x'.repeat(200), '👨‍👩‍👧', ' ', 'é', '〰');
    fc.assert(
      fc.property(fc.array(parts), (given) => {
        const text = given.join('');
        const tokens = createAnalyzer(plain)(text);
        const covered = new Set<number>();
        for (let i = 0; i < tokens.count; i++) for (let k = tokens.from[i]; k < tokens.to[i]; k++) covered.add(k);
        for (const { index } of text.matchAll(/[\p{L}\p{N}\p{So}]/gu)) expect(covered.has(index)).toBe(true);
      }),
    );
  });

  it('has no limit on the number of tokens', () => {
    expect(split('word '.repeat(50_000))).toHaveLength(50_000);
  });
});

describe('tokens of natural', () => {
  it('come from its Treebank tokenizer', () => {
    expect(split("it wasn't good", { tokenizer: 'treebank' })).toEqual(['it', 'was', "n't", 'good']);
  });

  it('come from its WordPunct tokenizer', () => {
    expect(split('good, not bad.', { tokenizer: 'wordpunct' })).toEqual(['good', ',', 'not', 'bad', '.']);
  });

  it('come from its aggressive tokenizer', () => {
    expect(split('good, not bad.', { tokenizer: 'aggressive' })).toEqual(['good', 'not', 'bad']);
  });

  it('end a negation where the tokenizer returns punctuation as tokens', () => {
    const tokens = createAnalyzer({ ...plain, tokenizer: 'wordpunct', negation_scope: 3 })('not bad , good');
    expect(wordsOf(tokens).filter((_, i) => tokens.weights[i] < 0)).toEqual(['bad', ',']);
  });

  it('are stemmed by Porter or Lancaster', () => {
    expect(split('loving movies', { stemmer: 'porter' })).toEqual(['love', 'movi']);
    expect(split('loving movies', { stemmer: 'lancaster' })).toEqual(['lov', 'movy']);
  });

  it('exclude stop words, except negations if these are kept', () => {
    expect(split('this is never the best', { stopwords: 'english' })).toEqual(['best']);
    expect(split('this is never the best', { stopwords: 'english_without_negations' })).toEqual(['never', 'best']);
  });
});
