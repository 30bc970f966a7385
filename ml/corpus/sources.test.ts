import { afterEach, describe, expect, it, vi } from 'vitest';
import { gatherCorpus, gatherSplit } from './corpus.ts';
import { countLeaks } from './duplicates.ts';
import { sourcesOf } from './sources.ts';
import { settings } from './testdata/settings.ts';
import { temporaryFile, temporaryFolder } from './testdata/temporary.ts';

const csv = (name: string, header: string, ...rows: string[]) =>
  temporaryFile(name, `${[header, ...rows].join('\n')}\n`);

const options = () => ({ folder: temporaryFolder(), log: () => {} });

afterEach(() => vi.unstubAllEnvs());

type Sources = NonNullable<typeof settings.sources>;

describe('the sources of data_ingestion', () => {
  it('have the settings beside the list, unless they have their own', () => {
    const sources: Sources = [
      { source: 'a.csv' },
      { source: 'b.csv', text_column: 'body', weight: 0.5, domain: 'shop' },
    ];
    const parts = sourcesOf({ ...settings, sources, label_column: 'stars' });
    expect(parts).toMatchObject([
      { source: 'a.csv', text_column: 'text', label_column: 'stars', weight: 1, domain: 'a', mark: 'a' },
      { source: 'b.csv', text_column: 'body', label_column: 'stars', weight: 0.5, domain: 'shop', mark: 'shop' },
    ]);
  });

  it('are the one source if there is no list', () => {
    expect(sourcesOf({ ...settings, weight: 3, domain: 'x' })).toMatchObject([
      { source: 'reviews.csv', weight: 3, domain: 'x' },
    ]);
  });

  it.each([
    ['embedded:movies', 'movies'],
    ['data/My Reviews (2026).csv.gz', 'my_reviews_2026'],
    ['https://user:secret@example.org/shop.csv?token=1#top', 'shop'],
    ['s3://bucket/prefix/Tickets.jsonl', 'tickets'],
    ['aclImdb', 'aclimdb'],
    ['env:REVIEWS_URL', 'reviews_url'],
    // accuracy_se is the standard error of the accuracy.
    ['se.csv', 'se_texts'],
    ['mine_se.csv', 'mine_se_texts'],
    ['日本.csv', 'texts'],
  ])('%s has the domain %s', (source, domain) => {
    expect(sourcesOf({ ...settings, source })[0].domain).toBe(domain);
  });

  it('may be what a variable of the environment holds, under the name of the variable', async () => {
    vi.stubEnv('REVIEWS', csv('secret-place.csv', 'text,label', 'good,positive', 'dull,negative', 'bad'));
    const corpus = await gatherCorpus({ ...settings, source: 'env:REVIEWS', max_bad_share: 1 }, options());
    expect(corpus.describe().join('\n')).toContain('env:REVIEWS: 3 read, 2 kept');
    expect(corpus.describe().join('\n')).toContain('env:REVIEWS:4: ');
    expect(corpus.describe().join('\n')).not.toContain('secret-place');
    corpus.close();
  });

  it('are the four corpora for embedded:all', () => {
    const parts = sourcesOf({ ...settings, source: 'embedded:all', weight: 2 });
    expect(parts.map(({ source, domain }) => [source, domain])).toEqual(
      ['movies', 'amazon', 'tweets', 'nyt'].map((name) => [`embedded:${name}`, name]),
    );
    expect(parts.every(({ weight }) => weight === 2)).toBe(true);
  });

  it('count less than texts of your own beside them, unless a weight is given', () => {
    const sources: Sources = [
      { source: 'reviews.csv' },
      { source: 'embedded:all' },
      { source: 'embedded:all', weight: 1 },
      { source: 'embedded:nyt' },
    ];
    const parts = sourcesOf({ ...settings, sources });
    expect(parts.map(({ weight }) => weight)).toEqual([1, 0.4, 0.4, 0.4, 0.4, 1, 1, 1, 1, 1]);
  });

  it('may share a domain, and their ids and groups still differ', async () => {
    const columns = { id_column: 'id', group_column: 'film', domain: 'shop' };
    const rows = ['7,f,good %,positive', '8,f,bad %,negative'];
    const sources = ['one', 'two'].map((name) => ({
      source: csv(`${name}.csv`, 'id,film,text,label', ...rows.map((row) => row.replace('%', name))),
      ...columns,
    }));
    const corpus = await gatherCorpus({ ...settings, sources }, options());
    expect([...corpus.reviews()].map(({ id, group, domain }) => [id, group, domain])).toEqual([
      ['shop/7', 'shop/f', 'shop'],
      ['shop/8', 'shop/f', 'shop'],
      ['shop-2/7', 'shop-2/f', 'shop'],
      ['shop-2/8', 'shop-2/f', 'shop'],
    ]);
    corpus.close();
  });

  it('of one file keep their sides when the file gets another name', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `g${i % 20},text ${i},${i % 3 ? 'positive' : 'negative'}`);
    const heldOut = async (name: string) => {
      const source = csv(name, 'shop,text,label', ...rows);
      const corpus = await gatherCorpus({ ...settings, source, group_column: 'shop' }, options());
      const { test } = corpus.split(settings);
      const texts = Array.from(corpus.reviews(test), ({ text }) => text);
      corpus.close();
      return texts;
    };
    expect(await heldOut('december.csv')).toEqual(await heldOut('november.csv'));
  });

  it('keep a text that several have once, from the first, and count the others', async () => {
    const sources: Sources = [
      { source: csv('shop.csv', 'text,label', 'good,positive', 'bad,negative', 'disputed,positive') },
      {
        source: csv('tickets.tsv', 'body\tstars', 'GOOD\t2', 'poor\t-1', 'bad\t-2', 'disputed\t-2'),
        text_column: 'body',
        rating_column: 'stars',
        weight: 2,
      },
    ];
    const corpus = await gatherCorpus({ ...settings, sources }, options());
    expect([...corpus.reviews()]).toEqual([
      { id: 'shop/2', text: 'good', label: 1, domain: 'shop' },
      { id: 'shop/3', text: 'bad', label: 0, domain: 'shop' },
      { id: 'tickets/3', text: 'poor', label: 0, rating: -1, domain: 'tickets', weight: 2 },
    ]);
    expect(corpus.parts.map(({ kept, elsewhere }) => [kept, elsewhere])).toEqual([
      [2, 0],
      [1, 2],
    ]);
    expect(corpus.describe().at(-1)).toBe('  2 of the duplicates are kept from a source before');
    corpus.close();
  });

  it('are each held to their own share of bad rows', async () => {
    const good = csv(
      'good.csv',
      'text,label',
      ...Array.from({ length: 200 }, (_, i) => `text ${i},${i % 2 ? 'positive' : 'negative'}`),
    );
    const poor = csv('poor.csv', 'text,label', 'fine,positive', 'odd,perhaps');
    const gather = (max_bad_share: number) =>
      gatherCorpus({ ...settings, sources: [{ source: good }, { source: poor, max_bad_share }] }, options());
    await expect(gather(0.1)).rejects.toMatchObject({
      code: 'TOO_MANY_BAD_ROWS',
      message: expect.stringMatching(/^1 of 2 rows of .*poor\.csv cannot be used/),
    });
    (await gather(0.5)).close();
  });

  it('that do not exist are named, with the next step', async () => {
    await expect(
      gatherCorpus({ ...settings, sources: [{ source: 'embedded:nyt' }, { source: 'no/such.csv' }] }, options()),
    ).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: 'there is no file or folder no/such.csv' });
  });

  it('have held-out texts of a file of their own', async () => {
    const source = csv('mine.csv', 'text,label', 'good,positive', 'poor,negative', 'fine,positive', 'bad,negative');
    const test_source = csv('held.csv', 'text,label', 'lovely,positive', 'bad,negative');
    const split = await gatherSplit({ ...settings, source, test_source }, options());
    expect(split.train.map(({ text }) => text).sort()).toEqual(['fine', 'good', 'poor']);
    expect(split.test.map(({ domain }) => domain)).toEqual(['mine', 'mine']);
  });
});

describe('embedded:all', () => {
  it('is split without a leak, by group where there is one, each domain by its share', async () => {
    const { train, test } = await gatherSplit({ ...settings, source: 'embedded:all', test_share: 0.2 }, options());
    expect(countLeaks(train, test)).toEqual({ texts: 0, groups: 0 });
    const ids = new Set([...train, ...test].map(({ id }) => id));
    expect(ids.size).toBe(train.length + test.length);
    for (const domain of ['movies', 'amazon', 'tweets', 'nyt']) {
      const count = (reviews: typeof train) => reviews.filter((review) => review.domain === domain).length;
      const share = count(test) / (count(train) + count(test));
      expect(Math.abs(share - 0.2), domain).toBeLessThan(0.04);
    }
  });
});
