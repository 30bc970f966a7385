import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openEmbedded } from './embedded.ts';
import { temporaryFolder } from './testdata/temporary.ts';

describe('the embedded corpora', () => {
  it('are only those that there are', async () => {
    const options = { folder: temporaryFolder(), log: () => {}, download: vi.fn() };
    for (const name of ['film', 'constructor', '']) {
      await expect(openEmbedded(name, options)).rejects.toMatchObject({
        code: 'EMBEDDED_UNKNOWN',
        next: 'take one of movies, amazon, tweets, nyt',
        exitCode: 2,
      });
    }
    expect(options.download).not.toHaveBeenCalled();
  });

  it('are not taken from an archive with another checksum, which is removed', async () => {
    const folder = temporaryFolder();
    const download = async (path: string) => writeFileSync(path, 'something else');
    await expect(openEmbedded('movies', { folder, log: () => {}, download })).rejects.toMatchObject({
      code: 'DOWNLOAD_DAMAGED',
      message: expect.stringMatching(/^vaderSentiment 3\.3\.2 came with SHA-256 \w{64} instead of 5d7c06e0/),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are fetched again when the kept archive is damaged', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'vaderSentiment-3.3.2.tar.gz');
    writeFileSync(path, 'cut off');
    const lines: string[] = [];
    const download = vi.fn(async () => {
      throw new Error('no network');
    });
    const opening = openEmbedded('movies', { folder, log: (line) => lines.push(line), download });
    await expect(opening).rejects.toThrow('no network');
    expect(download).toHaveBeenCalledWith(path);
    expect(lines).toEqual([
      `${path} is damaged and is fetched again`,
      'fetching vaderSentiment 3.3.2, the source archive with the embedded corpora, with pip ...',
    ]);
  });
});
