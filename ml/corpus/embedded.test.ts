import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Candidate } from './candidate.ts';
import { gatherCorpus } from './corpus.ts';
import { countLeaks } from './duplicates.ts';
import { openEmbedded } from './embedded.ts';
import { collect } from './testdata/collect.ts';
import { settings } from './testdata/settings.ts';
import { temporaryFolder } from './testdata/temporary.ts';

describe('the embedded corpora', () => {
  it.each([
    // Rows; positive, negative and neutral ratings.
    ['movies', 10605, 5242, 5326, 37],
    ['amazon', 3708, 2128, 1482, 98],
    ['tweets', 4200, 2897, 1299, 4],
    ['nyt', 5190, 2204, 2742, 244],
  ])('%s has %d ratings', async (name, rows, positive, negative, neutral) => {
    const { items } = await openEmbedded(name);
    const ratings = (await collect(items)).map((item) =>
      Number(((item as Candidate).opinion as { rating: string }).rating),
    );
    const signs = [1, -1, 0].map((sign) => ratings.filter((rating) => Math.sign(rating) === sign).length);
    expect([ratings.length, ...signs]).toEqual([rows, positive, negative, neutral]);
  });

  it.each(['movies', 'amazon', 'tweets', 'nyt'])(
    '%s is split by seed without a leak, each class by its share',
    async (name) => {
      const source = `embedded:${name}`;
      const options = { folder: temporaryFolder(), log: () => {} };
      const corpus = await gatherCorpus({ ...settings, source, test_share: 0.2, max_bad_share: 0 }, options);
      const { train, test, shared, strata } = corpus.split({ test_share: 0.2, seed: 42 });
      const parts = [train, test].map((numbers) => [...corpus.reviews(numbers)]);
      expect(countLeaks(parts[0], parts[1])).toEqual({ texts: 0, groups: 0 });
      expect(parts.flat().length + shared.length).toBe(corpus.size);
      for (const { share, least, most } of strata ?? []) {
        expect(share).toBeGreaterThan(least);
        expect(share).toBeLessThan(most);
      }
      corpus.close();
    },
  );

  it('refuse an unknown name and list the known ones', async () => {
    for (const name of ['film', 'constructor', '']) {
      await expect(openEmbedded(name)).rejects.toMatchObject({
        code: 'EMBEDDED_UNKNOWN',
        next: 'use one of all, movies, amazon, tweets, nyt',
        exitCode: 2,
      });
    }
  });

  it('refuse a file that is missing, changed or cut off', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'tweets_GroundTruth.txt.gz');
    await expect(openEmbedded('tweets', folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    writeFileSync(path, gzipSync('1\t2.5\tgood\r\n'));
    await expect(openEmbedded('tweets', folder)).rejects.toMatchObject({
      code: 'FILE_DAMAGED',
      message: expect.stringMatching(/tweets_GroundTruth\.txt\.gz has SHA-256 \w{64} instead of dfbe7102/),
      next: `restore the file: git checkout -- ${path}`,
    });
    copyFileSync(join(import.meta.dirname, 'embedded/movieReviewSnippets_GroundTruth.txt.gz'), path);
    await expect(openEmbedded('tweets', folder)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
  });
});
