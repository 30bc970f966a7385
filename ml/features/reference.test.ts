/** The engine gives the columns and values of a plain reference, which keeps every n-gram as a string in a map. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAnalyzer } from '../text/analyzer.ts';
import type { BlockSettings } from './block.ts';
import { fitVectorizer, type VectorizerSettings } from './vectorizer.ts';

type Unit = 'word' | 'char';
type Occurrence = { term: string; weight: number };

function ngramsOf(words: Occurrence[], unit: Unit, [least, most]: readonly number[]): Occurrence[] {
  if (unit === 'word') {
    return words.flatMap(({ weight }, first) =>
      Array.from({ length: Math.min(most, words.length - first) }, (_, i) => i + 1)
        .filter((length) => length >= least)
        .map((length) => ({
          term: words
            .slice(first, first + length)
            .map((word) => word.term)
            .join(' '),
          weight,
        })),
    );
  }
  return words.flatMap(({ term: word, weight }) => {
    const letters = ` ${word} `;
    const shortest = Math.min(least, letters.length);
    const found: Occurrence[] = [];
    for (let start = 0; start + shortest <= letters.length; start++) {
      for (let end = start + shortest; end <= Math.min(letters.length, start + most); end++) {
        found.push({ term: letters.slice(start, end), weight });
      }
    }
    return found;
  });
}

type Counts = Map<string, number>;

function countsOf(occurrences: Occurrence[]): Counts {
  const counts: Counts = new Map();
  for (const { term, weight } of occurrences) counts.set(term, Math.fround((counts.get(term) ?? 0) + weight));
  return counts;
}

/** Kept terms with their idf, in the order of their first occurrence. */
function learn(documents: Counts[], settings: BlockSettings): Map<string, number> {
  const n = documents.length;
  const frequencies = new Map<string, number>();
  for (const counts of documents) {
    for (const term of counts.keys()) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  }
  const least = settings.min_df < 1 ? settings.min_df * n : settings.min_df;
  const most = settings.max_df <= 1 ? settings.max_df * n : settings.max_df;
  const within = [...frequencies].filter(([, df]) => df >= least && df <= most);
  const frequent = new Set(within.toSorted(([, a], [, b]) => b - a).slice(0, settings.max_features || within.length));
  const smooth = settings.smooth_idf ? 1 : 0;
  const kept = within.filter((entry) => frequent.has(entry));
  return new Map(
    kept.map(([term, df]) => [term, settings.weighting === 'tfidf' ? Math.log((n + smooth) / (df + smooth)) + 1 : 1]),
  );
}

function frequencyOf(count: number, { weighting, sublinear_tf }: BlockSettings): number {
  if (weighting === 'binary') return Math.sign(count);
  const size = Math.abs(count);
  return sublinear_tf && size > 1 ? Math.sign(count) * (1 + Math.log(size)) : count;
}

/** [column, value] in the order of first occurrence. */
function rowOf(counts: Counts, idf: Map<string, number>, settings: BlockSettings): [number, number][] {
  const columns = new Map([...idf.keys()].map((term, column) => [term, column]));
  const row = [...counts]
    .filter(([term]) => idf.has(term))
    .map(([term, count]) => [columns.get(term)!, frequencyOf(count, settings) * idf.get(term)!] as const);
  const sum = row.reduce((total, [, value]) => total + (settings.norm === 'l2' ? value * value : Math.abs(value)), 0);
  const norm = settings.norm === 'none' || sum === 0 ? 1 : settings.norm === 'l2' ? Math.sqrt(sum) : sum;
  return row.map(([column, value]) => [column, Math.fround(value / norm)]);
}

const block = (longest: number): fc.Arbitrary<BlockSettings> =>
  fc.record({
    ngrams: fc
      .tuple(fc.integer({ min: 1, max: longest }), fc.integer({ min: 0, max: 3 }))
      .map(([least, more]): [number, number] => [least, least + more]),
    min_df: fc.constantFrom(1, 2, 0.3),
    max_df: fc.constantFrom(1, 0.7, 4),
    max_features: fc.constantFrom(0, 0, 3, 20),
    weighting: fc.constantFrom('count', 'binary', 'tfidf', 'tfidf'),
    sublinear_tf: fc.boolean(),
    smooth_idf: fc.boolean(),
    norm: fc.constantFrom('l2', 'l1', 'none'),
  });

const settings: fc.Arbitrary<VectorizerSettings> = fc
  .record({
    rules: fc.constantFrom(1 as const, 2 as const),
    tokenizer: fc.constantFrom('words', 'words', 'treebank', 'wordpunct', 'aggressive'),
    stemmer: fc.constantFrom('none', 'none', 'porter', 'lancaster'),
    stopwords: fc.constantFrom('none', 'none', 'english', 'english_without_negations'),
    negation_scope: fc.integer({ min: 0, max: 3 }),
    negation_weight: fc.constantFrom(1, 1.5),
    contrast_weight: fc.constantFrom(1, 0.3),
    word: fc.option(block(3)),
    char: fc.option(block(5)),
  })
  .filter(({ word, char }) => word !== null || char !== null);

const parts = [
  'good',
  'bad',
  'not',
  "isn't",
  'but',
  'although',
  ',',
  '. ',
  '!',
  '😀',
  '这部电影',
  'films',
  'x'.repeat(70),
  '-',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...parts), fc.string({ unit: fc.constantFrom(...'abé '), maxLength: 4 })), {
    maxLength: 12,
  })
  .map((words) => words.join(' '));

it('for any texts and settings, also of texts that it has not seen', () => {
  const texts = fc.array(text, { minLength: 3, maxLength: 12 });
  fc.assert(
    fc.property(settings, texts, texts, (given, train, unseen) => {
      const analyze = createAnalyzer(given);
      const wordsOf = (one: string): Occurrence[] => {
        const tokens = analyze(one);
        return Array.from({ length: tokens.count }, (_, i) => ({ term: tokens.word(i), weight: tokens.weights[i] }));
      };
      const trainWords = train.map(wordsOf);
      const unseenWords = unseen.map(wordsOf);
      const expected = {
        terms: [] as string[],
        train: train.map(() => [] as number[][]),
        unseen: unseen.map(() => [] as number[][]),
      };
      for (const unit of ['word', 'char'] as const) {
        const own = given[unit];
        if (!own) continue;
        const counted = (list: Occurrence[][]) => list.map((words) => countsOf(ngramsOf(words, unit, own.ngrams)));
        const idf = learn(counted(trainWords), own);
        // Pruning that leaves nothing is refused; see vectorizer.test.ts.
        fc.pre(idf.size > 0);
        const offset = expected.terms.length;
        const addRows = (rows: number[][][], list: Occurrence[][]) =>
          counted(list).forEach((counts, i) => {
            for (const [column, value] of rowOf(counts, idf, own)) rows[i].push([column + offset, value]);
          });
        addRows(expected.train, trainWords);
        addRows(expected.unseen, unseenWords);
        expected.terms.push(...idf.keys());
      }
      const { vectorizer, x } = fitVectorizer(train, given);
      const rows = ({ start, columns, values }: typeof x) =>
        Array.from(start.subarray(1), (end, i) =>
          Array.from(columns.subarray(start[i], end), (column, k) => [column, values[start[i] + k]]),
        );
      expect(vectorizer.blocks.flatMap(({ ngrams }) => ngrams.terms())).toEqual(expected.terms);
      expect(rows(x)).toEqual(expected.train);
      expect(rows(vectorizer.transform(unseen))).toEqual(expected.unseen);
      expect(rows(vectorizer.transform(train))).toEqual(expected.train);
    }),
    { numRuns: 500 },
  );
});
