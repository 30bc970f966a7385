import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { openImdb } from './imdb.ts';
import { collect } from './testdata/collect.ts';
import { temporaryFile, temporaryFolder } from './testdata/temporary.ts';

const FILES: Record<string, string | Buffer> = {
  README: 'about',
  'imdb.vocab': 'the',
  'train/pos/0_9.txt': 'Good.<br />Very.',
  'train/pos/10_7.txt': 'Fine.',
  'train/neg/1_1.txt': 'Bad.',
  'train/neg/.DS_Store': 'x',
  'train/neg/notes.txt': 'x',
  'train/neg/2_0.txt': 'unrated',
  'train/neg/3_2.txt': Buffer.from([0x63, 0xff]),
  'train/unsup/0_0.txt': 'no label',
  'test/neg/0_4.txt': 'Meh.',
  'train/urls_pos.txt':
    'http://www.imdb.com/title/tt0453418/usercomments\nhttp://www.imdb.com/title/tt0210075/usercomments\n',
  'train/urls_neg.txt': 'http://www.imdb.com/title/tt0064354/usercomments\nnone\n',
};

const REVIEWS = [
  {
    where: 'X/train/pos/0_9.txt',
    id: 'train/pos/0',
    text: 'Good.<br />Very.',
    opinion: { rating: 3.5 },
    group: 'tt0453418',
    split: 'train',
  },
  { where: 'X/train/pos/10_7.txt', id: 'train/pos/10', text: 'Fine.', opinion: { rating: 1.5 }, split: 'train' },
  { where: 'X/train/neg/1_1.txt', id: 'train/neg/1', text: 'Bad.', opinion: { rating: -4.5 }, split: 'train' },
  { where: 'X/train/neg/notes.txt', problem: 'the file is not named ID_RATING.txt' },
  { where: 'X/train/neg/2_0.txt', problem: 'the rating 0 is not from 1 to 10' },
  { where: 'X/train/neg/3_2.txt', problem: 'the file is not valid UTF-8' },
  { where: 'X/test/neg/0_4.txt', id: 'test/neg/0', text: 'Meh.', opinion: { rating: -1.5 }, split: 'test' },
];

function byPlace(a: { where: string }, b: { where: string }): number {
  return a.where < b.where ? -1 : 1;
}

async function archive(files: Record<string, string | Buffer>, prefix: string): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name: `${prefix}${name}` }, content);
  tar.finalize();
  return Buffer.concat(await collect(tar as AsyncIterable<Buffer>));
}

function folder(files: Record<string, string | Buffer>): string {
  const root = join(temporaryFolder(), 'aclImdb');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

describe('IMDB reviews', () => {
  it('are read from the folder, or the folder around it, in the order of their ids', async () => {
    const root = folder(FILES);
    const items = await collect((await openImdb(root, 'X', 'folder')).items);
    expect(items.toSorted(byPlace)).toEqual(REVIEWS.toSorted(byPlace));
    expect(items.map(({ where }) => where).slice(0, 2)).toEqual(['X/train/pos/0_9.txt', 'X/train/pos/10_7.txt']);
    expect(await collect((await openImdb(dirname(root), 'X', 'folder')).items)).toEqual(items);
  });

  it.each([
    ['tar.gz', gzipSync],
    ['tar', (bytes: Buffer) => bytes],
  ])('are the same from a %s', async (ending, compress) => {
    const path = temporaryFile(`a.${ending}`, compress(await archive(FILES, 'aclImdb/')));
    const items = await collect((await openImdb(path, 'X', 'archive')).items);
    expect(items.toSorted(byPlace)).toEqual(REVIEWS.toSorted(byPlace));
  });

  it('missing from a folder are an error', async () => {
    const { items } = await openImdb(folder({ README: 'about' }), 'X', 'folder');
    await expect(collect(items)).rejects.toMatchObject({ code: 'IMDB_EMPTY', message: 'X holds no review' });
  });

  it('in an archive that is cut off are an error', async () => {
    const whole = gzipSync(await archive({ ...FILES, 'train/pos/11_9.txt': 'x'.repeat(5000) }, 'aclImdb/'));
    const { items } = await openImdb(temporaryFile('a.tgz', whole.subarray(0, whole.length - 20)), 'X', 'archive');
    await expect(collect(items)).rejects.toMatchObject({
      code: 'FILE_DAMAGED',
      message: expect.stringMatching(/^X is damaged/),
    });
    const cut = (await archive(FILES, '')).subarray(0, 2100);
    const { items: rest } = await openImdb(temporaryFile('a.tar', cut), 'X', 'archive');
    await expect(collect(rest)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
    const { items: none } = await openImdb(temporaryFile('a.tar', 'text,label\n'.repeat(99)), 'X', 'archive');
    await expect(collect(none)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
  });
});
