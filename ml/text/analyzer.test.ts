import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnalyzerSettings, createAnalyzer } from './analyzer.ts';
import type { Tokens } from './tokens.ts';

const plain: AnalyzerSettings = {
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
    ['splits at everything that is no letter or digit', 'well-made, 90 minutes.', ['well', 'made', '90', 'minutes']],
    ['keeps one-letter words', 'a b i', ['a', 'b', 'i']],
    ["cuts n't off its verb", "wasn't can't won't", ['was', "n't", 'ca', "n't", 'wo', "n't"]],
    [
      "cuts 's and its kin",
      "film's we're i've he'll i'm she'd",
      ['film', "'s", 'we', "'re", 'i', "'ve", 'he', "'ll", 'i', "'m", 'she', "'d"],
    ],
    ['keeps other apostrophes between letters', "o'neil rock'n'roll", ["o'neil", "rock'n'roll"]],
    ['drops apostrophes that quote', "'good' ''bad''", ['good', 'bad']],
    ['takes a run of exclamation marks as one token', 'great!!! really?', ['great', '!', 'really', '?']],
    ['takes letters of any script', 'café 映画 кино', ['café', '映画', 'кино']],
    ['takes letters outside the basic plane', 'a\u{10400}b', ['a\u{10400}b']],
    ['takes a pictograph as a token', 'fun 😀☹ end', ['fun', '😀', '☹', 'end']],
    ['finds nothing in nothing', ' .,- \u0000', []],
    ['drops words longer than any word', `${'x'.repeat(65)} ${'y'.repeat(64)}`, ['y'.repeat(64)]],
  ])('%s', (_, text, expected) => {
    expect(split(text)).toEqual(expected);
  });

  it("agrees with scikit-learn's pattern on text without contractions and marks", () => {
    const letters = fc.constantFrom(...'abcxyz019_ .,-;:"()é漢\n\t'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 60 }), (text) => {
        expect(split(text)).toEqual([...text.matchAll(/[\p{L}\p{N}\p{M}_]+/gu)].map(([word]) => word));
      }),
    );
  });

  it('says where each token stands, for any text', () => {
    const analyze = createAnalyzer(plain);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const tokens = analyze(text);
        for (let i = 0; i < tokens.count; i++) expect(text.slice(tokens.from[i], tokens.to[i])).toBe(tokens.word(i));
        const line = String.fromCharCode(...tokens.codes.subarray(0, tokens.length));
        expect(line).toBe(
          ` ${wordsOf(tokens)
            .map((word) => `${word} `)
            .join('')}`,
        );
      }),
    );
  });

  it('holds as many tokens as there are', () => {
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

  it('end a negation where the tokenizer gives punctuation as tokens', () => {
    const tokens = createAnalyzer({ ...plain, tokenizer: 'wordpunct', negation_scope: 3 })('not bad , good');
    expect(wordsOf(tokens).filter((_, i) => tokens.weights[i] < 0)).toEqual(['bad', ',']);
  });

  it('are stemmed by Porter or Lancaster', () => {
    expect(split('loving movies', { stemmer: 'porter' })).toEqual(['love', 'movi']);
    expect(split('loving movies', { stemmer: 'lancaster' })).toEqual(['lov', 'movy']);
  });

  it('lose stop words, but not negations where these are to stay', () => {
    expect(split('this is never the best', { stopwords: 'english' })).toEqual(['best']);
    expect(split('this is never the best', { stopwords: 'english_without_negations' })).toEqual(['never', 'best']);
  });
});
