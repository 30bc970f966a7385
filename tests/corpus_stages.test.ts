import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Review } from '../ml/corpus/review.ts';
import { type Finished, run } from './support/process.ts';
import { setParams } from './support/small_corpus.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** The first two stage programs, in a folder with only params.yaml and a table. */
describe('the stages before features', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stages-'));
    writeFileSync(join(folder, 'params.yaml'), readFileSync(join(ROOT, 'ml/testdata/params.yaml')));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function table(rows: string[], settings: Record<string, string | number> = {}): void {
    writeFileSync(join(folder, 'reviews.csv'), `text,label\n${rows.map((row) => `${row}\n`).join('')}`);
    setParams(folder, { 'data_ingestion.source': 'reviews.csv', ...settings });
  }

  const stage = (name: string): Promise<Finished> =>
    run(process.execPath, [join(ROOT, `ml/stages/${name}.ts`)], { cwd: folder });

  const json = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8'));

  const reviews = (path: string): Review[] =>
    readFileSync(join(folder, path), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  const plain = Array.from({ length: 40 }, (_, i) => `Text no. ${i},${i % 2 ? 'positive' : 'negative'}`);

  it('write both parts and a report, and print what they left out', async () => {
    table([...plain, 'so so,neutral', 'Text  no. 1,positive', '"&nbsp;",negative', 'alone']);
    expect((await stage('data_ingestion')).stderr).toMatch(/^error: 1 of 44 rows of reviews\.csv cannot be used/);
    setParams(folder, { 'data_ingestion.max_bad_share': 0.1 });
    const first = await stage('data_ingestion');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout.split('\n')).toEqual([
      'reviews.csv: 44 read, 41 kept, 3 left out',
      '  1 bad row',
      '    reviews.csv:45: the row has 1 cells, the header has 2',
      '  1 neutral',
      '    reviews.csv:42',
      '  1 duplicate',
      '    reviews.csv:43',
      '  labels: "negative" 21, "positive" 21, "neutral" 1',
      'train: 30 texts (18 positive, 12 negative)',
      'test:  11 texts (2 positive, 9 negative)',
      '  9 of 21 negative texts are held out: 42.9 %, outside the 2.9 to 37.1 % of 95 in 100 seeds',
      '  2 of 20 positive texts are held out: 10.0 %, within the 2.5 to 37.5 % of 95 in 100 seeds',
      '',
    ]);
    expect(json('reports/data_ingestion.json')).toMatchObject({
      source: 'reviews.csv',
      rows_read: 44,
      rows_kept: 41,
      left_out: { bad_row: 1, neutral: 1, duplicate: 1, unknown_label: 0 },
      train: { texts: 30, positive: 18, negative: 12 },
      test: { texts: 11, positive: 2, negative: 9 },
      strata: [
        { label: 0, texts: 21, held_out: 9 },
        { label: 1, texts: 20, held_out: 2 },
      ],
      texts_across_split: 0,
      examples: { duplicate: ['reviews.csv:43'] },
    });

    const second = await stage('data_preprocessing');
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toContain('41 read, 40 kept\n  1 empty after normalisation\n');
    expect(json('reports/data_preprocessing.json')).toMatchObject({
      texts_read: 41,
      texts_kept: 40,
      left_out: { empty_when_normalised: 1, leak_when_normalised: 0 },
    });
    const interim = [...reviews('data/interim/train.jsonl'), ...reviews('data/interim/test.jsonl')];
    expect(interim.map(({ text }) => text).sort()).toEqual(plain.map((row) => row.split(',')[0].toLowerCase()).sort());
    expect(readdirSync(join(folder, '.local/downloads'))).toEqual([]);
  });

  it('write the same bytes for the same seed, and different ones for another', async () => {
    table(plain);
    const parts = ['data/raw/train.jsonl', 'data/raw/test.jsonl', 'reports/data_ingestion.json'];
    const outcome = async () => {
      expect((await stage('data_ingestion')).code).toBe(0);
      return parts.map((path) => readFileSync(join(folder, path), 'utf8'));
    };
    const first = await outcome();
    expect(await outcome()).toEqual(first);
    setParams(folder, { 'data_ingestion.seed': 43 });
    expect((await outcome())[1]).not.toBe(first[1]);
  });

  it('take a held-out file of your own in place of the split, and show the texts that training then lacks', async () => {
    table(plain);
    writeFileSync(join(folder, 'mine.csv'), 'text,label\nTEXT no. 7!,positive\nnew,positive\nnewer,negative\n');
    const yaml = readFileSync(join(folder, 'params.yaml'), 'utf8');
    writeFileSync(join(folder, 'params.yaml'), yaml.replace('  test_share:', '  test_source: mine.csv\n  test_share:'));
    const { stdout } = await stage('data_ingestion');
    expect(stdout).toContain('1 texts left out of training: the test part has them, or their group\n');
    const shown = [expect.stringMatching(/^\d+: "text no. 7"$/i)];
    expect(json('reports/data_ingestion.json')).toMatchObject({
      test_source: 'mine.csv',
      left_out: { shared_with_test: 1 },
      test: { texts: 3 },
      examples: { shared_with_test: shown },
    });
    expect(
      reviews('data/raw/test.jsonl')
        .map(({ text }) => text)
        .sort(),
    ).toEqual(['TEXT no. 7!', 'new', 'newer']);
  });

  it('repair texts, and drop training texts that equal a test text only after normalisation', async () => {
    table(plain);
    await stage('data_ingestion');
    const line = (review: Review) => `${JSON.stringify(review)}\n`;
    writeFileSync(join(folder, 'data/raw/test.jsonl'), line({ id: '1', text: 'fish &amp; chips', label: 1 }));
    writeFileSync(
      join(folder, 'data/raw/train.jsonl'),
      line({ id: '2', text: 'Fish<br />chips!', label: 1 }) + line({ id: '3', text: 'fish onlÃ¿', label: 0 }),
    );
    const { stdout } = await stage('data_preprocessing');
    expect(stdout).toContain('  1 of the training part equal to a test text after normalisation\n');
    expect(stdout).toContain('  1 repaired: they were encoded as UTF-8 twice\n');
    expect(reviews('data/interim/train.jsonl')).toEqual([{ id: '3', text: 'fish onlÿ', label: 0 }]);
  });

  it.each([
    ['nothing at all', [], 1, /^error: reviews\.csv holds no texts \(CORPUS_EMPTY\)$/],
    ['one class', ['a,positive', 'b,positive'], 2, /^error: all 2 usable texts of reviews\.csv are positive;/],
    [
      'a broken quote',
      [...plain, '"open,positive'],
      1,
      /^error: reviews\.csv:42: column "text" of the row that starts/,
    ],
    ['unknown labels', ['a,5', 'b,1', 'c,0'], 1, /^error: 1 of 3 rows of reviews\.csv cannot be used/],
    [
      'one text of a class',
      ['a,1', 'b,0', 'c,0', 'd,0'],
      1,
      /^error: the (test|train) part would have . texts, none of class 1,/,
    ],
  ])('end with a sentence for %s, and write nothing', async (_, rows, code, message) => {
    table(rows);
    const { code: got, stderr } = await stage('data_ingestion');
    expect([got, stderr.split('\n')[0]]).toEqual([code, expect.stringMatching(message)]);
    expect(stderr).not.toContain('    at ');
    expect(readdirSync(folder).filter((name) => ['data', 'reports'].includes(name))).toEqual([]);
    expect(readdirSync(join(folder, '.local/downloads'))).toEqual([]);
  });

  it('name a missing column', async () => {
    table(plain, { 'data_ingestion.text_column': 'review' });
    expect(await stage('data_ingestion')).toMatchObject({
      code: 2,
      stderr:
        'error: reviews.csv has no column "review"; it has "text", "label" (COLUMN_MISSING)\n' +
        '  next: name one of these columns; the closest is "text"\n',
    });
  });
});
