import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BadRow, type Candidate, createLabeller } from './candidate.ts';
import { Corpus, gatherCorpus, gatherReviews } from './corpus.ts';
import { countLeaks } from './duplicates.ts';
import { settings } from './testdata/settings.ts';
import { temporaryFile, temporaryFolder } from './testdata/temporary.ts';

function csv(...rows: string[]): string {
  return temporaryFile('reviews.csv', `${['text,label', ...rows].join('\n')}\n`);
}

const options = () => ({ folder: temporaryFolder(), log: () => {} });

async function gather(source: string, more: Partial<typeof settings> = {}) {
  const folder = temporaryFolder();
  const lines: string[] = [];
  try {
    const options = { folder, log: (line: string) => lines.push(line) };
    const corpus = await gatherCorpus({ ...settings, source, ...more }, options);
    return { corpus, lines, folder };
  } catch (error) {
    // No error leaves a file behind.
    expect(readdirSync(folder)).toEqual([]);
    throw Object.assign(error as Error, { lines });
  }
}

const GOOD = ['good,positive', 'bad,negative', 'lovely,positive', 'awful,negative'];

describe('a corpus', () => {
  it('counts the rows left out by reason, shows examples, and keeps the rest in order', async () => {
    const path = csv(
      ...GOOD,
      'Good ,positive',
      'so so,neutral',
      '" ",positive',
      'odd,mixed',
      'short',
      'both,positive',
      'both,negative',
      'great :),positive',
      'great :(,negative',
    );
    const { corpus, folder } = await gather(path, { max_bad_share: 0.5 });
    expect([...corpus.reviews()].map(({ id, text, label }) => [id, text, label])).toEqual([
      ['2', 'good', 1],
      ['3', 'bad', 0],
      ['4', 'lovely', 1],
      ['5', 'awful', 0],
      ['13', 'great :)', 1],
      ['14', 'great :(', 0],
    ]);
    expect(corpus.census.counts()).toEqual({
      bad_row: 1,
      empty_text: 1,
      unknown_label: 1,
      neutral: 1,
      duplicate: 1,
      conflicting_duplicate: 2,
    });
    expect(corpus.describe()).toEqual([
      `${path}: 13 read, 6 kept, 7 left out`,
      '  1 bad row',
      `    ${path}:10: the row has 1 cells, the header has 2`,
      '  1 empty text',
      `    ${path}:8`,
      '  1 unknown label',
      `    ${path}:9: label "mixed"`,
      '  1 neutral',
      `    ${path}:7`,
      '  1 duplicate',
      `    ${path}:6`,
      '  2 conflicting duplicate',
      `    ${path}:12`,
      '  labels: "positive" 6, "negative" 4, "neutral" 1, "mixed" 1',
    ]);
    corpus.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps ratings, and replaces lone surrogates as the service does', async () => {
    const lines = [
      { text: 'cut off \ud83d', stars: '2.5' },
      { text: 'bad', stars: -1 },
    ];
    const path = temporaryFile('a.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    const { corpus } = await gather(path, { rating_column: 'stars' });
    expect([...corpus.reviews()]).toEqual([
      { id: '1', text: 'cut off \ufffd', label: 1, rating: 2.5, domain: 'a' },
      { id: '2', text: 'bad', label: 0, rating: -1, domain: 'a' },
    ]);
    expect(corpus.describe().at(-1)).toBe('  1 with a lone surrogate (half a character) replaced');
    corpus.close();
  });

  it('says that texts have line ends or quotes written out', async () => {
    const { corpus } = await gather(csv('so\\ngood,positive', 'bad,negative'));
    expect(corpus.describe().at(-1)).toBe(
      '  1 with a written-out \\n or \\": letters, unless data_preprocessing.written_out is true',
    );
    corpus.close();
  });

  it('shows only the first three examples of a reason, and the first twelve labels', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `text ${i},label ${i}`);
    const { corpus } = await gather(csv(...GOOD, ...rows), { max_bad_share: 1 });
    const lines = corpus.describe();
    expect(lines.filter((line) => line.startsWith('    '))).toHaveLength(3);
    expect(lines.at(-1)).toMatch(/"label 9" 1, \.\.\.$/);
    corpus.close();
  });
});

describe('a corpus that cannot be used', () => {
  it('because of too many bad rows names the first one, and still logs the counts', async () => {
    const path = csv(...GOOD, 'odd,5', 'odder,4');
    await expect(gather(path)).rejects.toMatchObject({
      code: 'TOO_MANY_BAD_ROWS',
      message:
        `2 of 6 rows of ${path} cannot be used, more than max_bad_share (0.02) allows: ` +
        `2 unknown label; the first: ${path}:6: label "5"`,
      next: expect.stringContaining('neutral_labels'),
      exitCode: 1,
      lines: expect.arrayContaining(['  2 unknown label', '  labels: "positive" 2, "negative" 2, "5" 1, "4" 1']),
    });
  });

  it('counts only bad rows, not neutral or duplicate ones', async () => {
    const { corpus } = await gather(csv(...GOOD, ...GOOD, 'so so,neutral'), { max_bad_share: 0 });
    expect(corpus.size).toBe(4);
    corpus.close();
  });

  it('because it has no rows says so', async () => {
    await expect(gather(csv())).rejects.toMatchObject({
      code: 'CORPUS_EMPTY',
      message: expect.stringMatching(/reviews\.csv holds no texts$/),
    });
  });

  it.each([
    [
      'one class',
      ['good,positive', 'fine,positive'],
      /all 2 usable texts of .* are positive; the labels are "positive" 2$/,
    ],
    ['neutral texts', ['so so,neutral'], /has 1 rows, but none is usable; the labels are "neutral" 1$/],
  ])('because it has only %s says so', async (_, rows, message) => {
    await expect(gather(csv(...rows))).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });

  it('because its ratings are stars says what to do', async () => {
    const path = temporaryFile('a.csv', 'text,stars\ngood,5\nbad,1\n');
    await expect(gather(path, { rating_column: 'stars' })).rejects.toMatchObject({
      code: 'ONE_CLASS',
      next: expect.stringContaining('of 1 to 5 stars, subtract 3'),
    });
  });

  it('because it is missing says so', async () => {
    await expect(gather('no/such.csv')).rejects.toMatchObject({
      code: 'SOURCE_MISSING',
      message: 'there is no file or folder no/such.csv',
    });
  });

  it('because it breaks off in the middle says so', async () => {
    await expect(gather(csv(...GOOD, '"open,positive'))).rejects.toMatchObject({ code: 'CSV_QUOTES' });
  });
});

describe('the split of a corpus', () => {
  async function corpusOf(items: (Candidate | BadRow)[]): Promise<Corpus> {
    const corpus = new Corpus(temporaryFile('reviews.tmp', ''));
    await corpus.gather(
      {
        name: 'items',
        items: (async function* () {
          yield* items;
        })(),
      },
      createLabeller(settings),
    );
    corpus.settle(['negative', 'positive']);
    return corpus;
  }

  function candidate(text: string, label: string, more: Partial<Candidate> = {}): Candidate {
    return { where: `items:${text}`, id: text, text, opinion: { label }, ...more };
  }

  // So many that no part lacks a class by chance.
  const base = Array.from({ length: 40 }, (_, i) => candidate(`${i}`, i % 2 ? 'positive' : 'negative'));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B', ' ', '!', '.', '😀'), minLength: 1, maxLength: 4 });
  const item = fc.record({
    text: text.filter((some) => some.trim() !== ''),
    label: fc.constantFrom('positive', 'negative'),
    group: fc.option(fc.constantFrom('x', 'y', 'z'), { nil: undefined }),
  });
  const items = fc
    .array(item, { maxLength: 60 })
    .map((some) => some.map(({ text, label, group }) => candidate(text, label, { group })));

  it('never has a near duplicate or a group in both parts, and counts the texts that this leaves out', async () => {
    await fc.assert(
      fc.asyncProperty(items, fc.nat(), async (given, seed) => {
        const corpus = await corpusOf([...base, ...given]);
        const { train, test, shared } = corpus.split({ test_share: 0.5, seed });
        const parts = [train, test, shared].map((numbers) => [...corpus.reviews(numbers)]);
        expect(countLeaks(parts[0], parts[1])).toEqual({ texts: 0, groups: 0 });
        const texts = (reviews: Iterable<{ text: string }>) => Array.from(reviews, (review) => review.text).sort();
        expect(texts(parts.flat())).toEqual(texts(corpus.reviews()));
        // Only where near duplicates are in different groups.
        if (given.every(({ group }) => group === undefined)) expect(shared).toEqual([]);
        corpus.close();
      }),
      { numRuns: 60 },
    );
  });

  it('is the same, text by text, for rows in any other order', async () => {
    const mixed = fc.tuple(items, fc.nat()).chain(([given, seed]) => {
      const all = [...base, ...given];
      const shuffled = fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
      return fc.tuple(fc.constant(all), shuffled, fc.constant(seed));
    });
    await fc.assert(
      fc.asyncProperty(mixed, async ([one, other, seed]) => {
        const [a, b] = await Promise.all(
          [one, other].map(async (rows) => {
            const corpus = await corpusOf(rows);
            const { train, test } = corpus.split({ test_share: 0.3, seed });
            const parts = [train, test].map((numbers) => Array.from(corpus.reviews(numbers), ({ text }) => text));
            corpus.close();
            return parts;
          }),
        );
        expect(b).toEqual(a);
      }),
      { numRuns: 60 },
    );
  });

  it('is the split of the source, without training texts that are also test texts', async () => {
    const corpus = await corpusOf([
      candidate('a', 'positive', { split: 'train' }),
      candidate('b', 'negative', { split: 'train' }),
      candidate('Same', 'positive', { split: 'train' }),
      candidate('Near!', 'positive', { split: 'train' }),
      candidate('disputed', 'positive', { split: 'train' }),
      candidate('of the group', 'positive', { split: 'train', group: '1' }),
      candidate('same', 'positive', { split: 'test' }),
      candidate('near', 'positive', { split: 'test' }),
      candidate('disputed', 'negative', { split: 'test' }),
      candidate('c', 'negative', { split: 'test', group: '1' }),
    ]);
    const split = corpus.split({ test_share: 0.5, seed: 1 });
    const texts = (numbers: number[]) => Array.from(corpus.reviews(numbers), ({ text }) => text).sort();
    expect([split.train, split.test, split.shared].map(texts)).toEqual([
      ['a', 'b'],
      ['c', 'disputed', 'near', 'same'],
      ['Near!', 'Same', 'disputed', 'of the group'],
    ]);
    expect(split.strata).toBeUndefined();
    corpus.close();
  });

  it('is our own if the source has only one part', async () => {
    const corpus = await corpusOf(base.map((one) => ({ ...one, split: 'train' })));
    const { train, test, strata } = corpus.split({ test_share: 0.5, seed: 1 });
    expect(train.length + test.length).toBe(40);
    expect(strata?.map(({ texts }) => texts)).toEqual([20, 20]);
    corpus.close();
  });
});

describe('a held-out file of your own', () => {
  const TRAIN = [...GOOD, 'Fine film!,positive', 'fine music,negative'];
  const TEST = ['fine film,positive', 'fine music,positive', 'poor,negative'];

  it('takes the place of the split, and its texts are left out of training', async () => {
    const [train, test] = [csv(...TRAIN), csv(...TEST)];
    const { corpus } = await gather(train, { test_source: test });
    const split = corpus.split(settings);
    const texts = (numbers: number[]) => Array.from(corpus.reviews(numbers), ({ text }) => text).sort();
    expect([split.train, split.test, split.shared].map(texts)).toEqual([
      ['awful', 'bad', 'good', 'lovely'],
      ['fine film', 'fine music', 'poor'],
      ['Fine film!', 'fine music'],
    ]);
    corpus.close();
    const learnt = await gatherReviews({ ...settings, source: train, test_source: test }, options());
    expect(learnt).toHaveLength(6);
  });

  it('that has all training texts is refused with the next step', async () => {
    const train = csv(...TRAIN);
    const { corpus } = await gather(train, { test_source: train });
    expect(() => corpus.split(settings)).toThrow(
      expect.objectContaining({
        code: 'SPLIT_IMPOSSIBLE',
        message: expect.stringContaining('the train part would have 0 texts without the 6 that the test part has'),
        next: expect.stringContaining('remove the texts that both parts have'),
      }),
    );
    corpus.close();
  });
});
