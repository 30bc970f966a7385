/**
 * The Large Movie Review Dataset (Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis"), as the folder
 * aclImdb or as the published tar or tar.gz, which is read as a stream and never unpacked.
 *
 * Each {train,test}/{pos,neg}/ID_RATING.txt holds one review, rated from 1 to 10; the rating minus 5.5 has the label's
 * sign. Line ID (from 0) of urls_pos.txt and urls_neg.txt names the film, which is the group. The folders train and test
 * are the split. unsup is left out.
 */
import { isUtf8 } from 'node:buffer';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { SentimentError } from '../errors.ts';
import type { BadRow, Candidate, Source } from './candidate.ts';
import { readBytes } from './data_file.ts';

/** A file of the dataset. `read` returns undefined for a file too large to be a review. */
type Member = { path: string; read: () => Promise<Buffer | undefined> };

const MIDDLE = 5.5;
const MAX_FILE_BYTES = 1 << 24;
const REVIEW = /(?:^|\/)((train|test)\/(pos|neg)\/)([^/.][^/]*)$/;
const FILMS = /(?:^|\/)((train|test)\/)urls_(pos|neg)\.txt$/;
/** Archives from before POSIX have no format mark. tar-stream knows this option, its types do not. */
const OLD_FORMATS: Parameters<typeof extract>[0] & { allowUnknownFormat: boolean } = { allowUnknownFormat: true };

/** `path` may also be the folder around aclImdb. Throws IMDB_EMPTY, FILE_UNREADABLE or FILE_DAMAGED. */
export async function openImdb(path: string, name: string, kind: 'folder' | 'archive'): Promise<Source> {
  const members = kind === 'folder' ? () => folderMembers(path) : () => archiveMembers(path, name);
  return { name, items: readItems(members, name), async close() {} };
}

/** Reads twice, because an archive may hold the films after the reviews. */
async function* readItems(
  members: () => AsyncIterable<Member>,
  name: string,
): AsyncGenerator<Candidate | BadRow, void> {
  const films = await readFilms(members());
  let found = false;
  for await (const { path, read } of members()) {
    const match = REVIEW.exec(path);
    if (!match) continue;
    found = true;
    const [, folder, split, , file] = match;
    yield parseReview({ where: `${name}/${folder}${file}`, folder, file, split, bytes: await read(), films });
  }
  if (found) return;
  throw new SentimentError('IMDB_EMPTY', `${name} holds no review`, {
    next: 'name the folder aclImdb (with train/pos/0_9.txt and so on) or its published archive',
  });
}

async function readFilms(members: AsyncIterable<Member>): Promise<Map<string, string[]>> {
  const films = new Map<string, string[]>();
  for await (const { path, read } of members) {
    const [, side, , label] = FILMS.exec(path) ?? [];
    if (side === undefined) continue;
    const lines = ((await read()) ?? Buffer.alloc(0)).toString('utf8').split('\n');
    films.set(
      `${side}${label}/`,
      lines.map((line) => /tt\d+/.exec(line)?.[0] ?? ''),
    );
  }
  return films;
}

type ReviewFile = {
  where: string;
  /** Such as "train/pos/". */
  folder: string;
  file: string;
  split: string;
  bytes: Buffer | undefined;
  films: Map<string, string[]>;
};

function parseReview({ where, folder, file, split, bytes, films }: ReviewFile): Candidate | BadRow {
  const [, id, rating] = /^(\d+)_(\d+)\.txt$/.exec(file) ?? [];
  if (id === undefined) return { where, problem: 'the file is not named ID_RATING.txt' };
  if (Number(rating) < 1 || Number(rating) > 10) return { where, problem: `the rating ${rating} is not from 1 to 10` };
  if (!bytes) return { where, problem: `the file is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB` };
  if (!isUtf8(bytes)) return { where, problem: 'the file is not valid UTF-8' };
  const text = bytes.toString('utf8');
  if (text.includes('\0')) return { where, problem: 'the file holds a NUL character' };
  const film = films.get(folder)?.[Number(id)];
  return {
    where,
    id: `${folder}${id}`,
    text,
    opinion: { rating: Number(rating) - MIDDLE },
    ...(film && { group: film }),
    split: split === 'test' ? 'test' : 'train',
  };
}

async function* folderMembers(path: string): AsyncGenerator<Member, void> {
  const inner = join(path, 'aclImdb');
  const root = existsSync(inner) ? inner : path;
  for (const split of ['train', 'test']) {
    for (const label of ['pos', 'neg']) {
      const names = [`${split}/urls_${label}.txt`, ...filesOf(root, `${split}/${label}`)];
      for (const name of names) {
        const file = join(root, name);
        // Blocking reads take a fifth of the time for fifty thousand small files.
        if (existsSync(file)) yield { path: name, read: async () => readFileSync(file) };
      }
    }
  }
}

/** In the order of their ids, independent of the file system's order. */
function filesOf(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1))
    .map((name) => `${folder}/${name}`);
}

/** Each member must be read before the next one is requested, or not at all. */
async function* archiveMembers(path: string, name: string): AsyncGenerator<Member, void> {
  const tar = extract(OLD_FORMATS);
  const unpacking = pipeline(Readable.from(readBytes(path, name)), tar);
  // Its error also comes out of tar, or is thrown at the end.
  unpacking.catch(() => {});
  try {
    for await (const entry of tar) {
      const { name: file, size, type } = entry.header;
      let taken = false;
      async function read(): Promise<Buffer | undefined> {
        if (size !== undefined && size > MAX_FILE_BYTES) return undefined;
        taken = true;
        return buffer(entry);
      }
      if (type === 'file' && (REVIEW.test(file) || FILMS.test(file))) yield { path: file, read };
      if (!taken) entry.resume();
    }
    await unpacking;
  } catch (error) {
    if (error instanceof SentimentError) throw error;
    throw new SentimentError('FILE_DAMAGED', `${name} is damaged or cut off, or not a tar archive`, {
      cause: error,
      next: 'download the file again',
    });
  }
}
