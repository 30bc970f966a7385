import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Candidate } from '../ml/corpus/candidate.ts';
import { gatherCorpus } from '../ml/corpus/corpus.ts';
import { openEmbedded } from '../ml/corpus/embedded.ts';
import { countLeaks } from '../ml/corpus/leaks.ts';
import { downloadSource } from '../ml/corpus/pip.ts';
import { collect } from '../ml/corpus/testdata/collect.ts';
import { settings } from '../ml/corpus/testdata/settings.ts';
import { freePort } from './support/listen.ts';

const ARCHIVE = 'vaderSentiment-3.3.2.tar.gz';

/** Fetched once, by the real pip from the package index that it is configured for. */
describe('the embedded corpora', () => {
  let folder: string;
  const log = () => {};
  const noNetwork = vi.fn(async () => {
    throw new Error('no network is needed');
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'embedded-'));
    await openEmbedded('movies', { folder, log });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    // FACTS: rows; positive, negative and neutral ratings.
    ['movies', 10605, 5242, 5326, 37],
    ['amazon', 3708, 2128, 1482, 98],
    ['tweets', 4200, 2897, 1299, 4],
    ['nyt', 5190, 2204, 2742, 244],
  ])('%s has %d ratings', async (name, rows, positive, negative, neutral) => {
    const { items } = await openEmbedded(name, { folder, log, download: noNetwork });
    const ratings = (await collect(items)).map((item) =>
      Number(((item as Candidate).opinion as { rating: string }).rating),
    );
    const signs = [1, -1, 0].map((sign) => ratings.filter((rating) => Math.sign(rating) === sign).length);
    expect([ratings.length, ...signs]).toEqual([rows, positive, negative, neutral]);
    expect(noNetwork).not.toHaveBeenCalled();
  });

  it.each(['movies', 'amazon', 'tweets', 'nyt'])(
    '%s is split by seed without a leak, each class by its share',
    async (name) => {
      const source = `embedded:${name}`;
      const corpus = await gatherCorpus({ ...settings, source, test_share: 0.2, max_bad_share: 0 }, { folder, log });
      const { train, test } = corpus.split({ test_share: 0.2, seed: 42 });
      const parts = [train, test].map((numbers) => [...corpus.reviews(numbers)]);
      expect(countLeaks(parts[0], parts[1])).toEqual({ texts: 0, groups: 0 });
      expect(parts.flat()).toHaveLength(corpus.size);
      for (const label of [0, 1]) {
        const [inTrain, inTest] = parts.map((reviews) => reviews.filter((review) => review.label === label).length);
        expect(inTest / (inTrain + inTest)).toBeCloseTo(0.2, 2);
      }
      corpus.close();
    },
  );

  it('are fetched again when the kept archive is damaged', async () => {
    const other = mkdtempSync(join(tmpdir(), 'embedded-'));
    try {
      writeFileSync(join(other, ARCHIVE), 'half of it');
      const lines: string[] = [];
      const download = async (path: string) => copyFileSync(join(folder, ARCHIVE), path);
      const source = await openEmbedded('tweets', { folder: other, log: (line) => lines.push(line), download });
      expect(await collect(source.items)).toHaveLength(4200);
      expect(lines[0]).toBe(`${join(other, ARCHIVE)} is damaged and is fetched again`);
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  describe('that cannot be fetched', () => {
    const { name, version } = { name: 'vaderSentiment', version: '3.3.2' };
    const fetched = (sha256: string) => downloadSource({ name, version, sha256 }, join(folder, 'other.tar.gz'));

    afterEach(() => {
      vi.unstubAllEnvs();
      expect(readdirSync(folder)).toEqual([ARCHIVE]);
    });

    it('without a network say so in one sentence and leave nothing', async () => {
      vi.stubEnv('PIP_INDEX_URL', `http://127.0.0.1:${await freePort()}/simple`);
      vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
      vi.stubEnv('PIP_FIND_LINKS', '');
      await expect(fetched('0'.repeat(64))).rejects.toMatchObject({
        code: 'DOWNLOAD_FAILED',
        message: expect.stringMatching(
          /^pip could not fetch vaderSentiment 3\.3\.2 from the Python package index: no connection, \[Errno \d+\] Connection refused$/,
        ),
        next: expect.stringContaining('pip config list'),
      });
    });

    it('as what they should be are refused before anything of them runs', async () => {
      await expect(fetched('f'.repeat(64))).rejects.toThrow(
        'it sent an archive with another SHA-256 than the one expected',
      );
    });
  });
});
