/**
 * The embedded corpora: English texts rated from -4 to 4 by about 20 people each, published with VADER (Hutto & Gilbert
 * 2014, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM-14), MIT licence.
 * embedded/README.md says where they come from.
 *
 * One text a line: id, mean rating and text, separated by tabs. The lines are nearly sorted by class. Ids of the amazon
 * and nyt corpora are REVIEW_SENTENCE: the review is the group.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { SentimentError, usageError } from '../errors.ts';
import type { BadRow, Candidate, Source } from './candidate.ts';
import { readBytes } from './data_file.ts';

type EmbeddedFile = {
  name: string;
  /** Of the decompressed file, hex. */
  sha256: string;
  grouped: boolean;
};

const FOLDER = join(import.meta.dirname, 'embedded');

const FILES: Record<string, EmbeddedFile> = {
  movies: {
    name: 'movieReviewSnippets_GroundTruth.txt',
    sha256: 'c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350',
    grouped: false,
  },
  amazon: {
    name: 'amazonReviewSnippets_GroundTruth.txt',
    sha256: '11a9807a0974a2506a2d3b4851eaf69b3d6d20688ce4923adda2312a4f6dd6c2',
    grouped: true,
  },
  tweets: {
    name: 'tweets_GroundTruth.txt',
    sha256: 'dfbe7102e2f92579ed8b19df9a3822491880697c67adf712fb66e520cc05102f',
    grouped: false,
  },
  nyt: {
    name: 'nytEditorialSnippets_GroundTruth.txt',
    sha256: '7d8fbcce7dde5d716da53e78f4ef4be6b706e9ef1e1d51887e6d0ad4b69cc27e',
    grouped: true,
  },
};

/** The corpora of embedded:all, in its order. */
export const embeddedNames: readonly string[] = Object.keys(FILES);

/**
 * `name` is movies, amazon, tweets or nyt; `folder` has the files, gzipped.
 *
 * Throws EMBEDDED_UNKNOWN (2), FILE_UNREADABLE, or FILE_DAMAGED if the content has another SHA-256.
 */
export async function openEmbedded(name: string, folder = FOLDER): Promise<Source> {
  if (!Object.hasOwn(FILES, name)) {
    throw usageError(
      'EMBEDDED_UNKNOWN',
      `there is no embedded corpus ${JSON.stringify(name)}`,
      `use one of all, ${embeddedNames.join(', ')}`,
    );
  }
  const text = await readChecked(join(folder, `${FILES[name].name}.gz`), FILES[name].sha256);
  return { name: `embedded:${name}`, items: parseRatings(text, FILES[name]), async close() {} };
}

async function readChecked(path: string, expected: string): Promise<string> {
  const content = await buffer(readBytes(path, path));
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 === expected) return content.toString('utf8');
  throw new SentimentError('FILE_DAMAGED', `the content of ${path} has SHA-256 ${sha256} instead of ${expected}`, {
    next: `restore the file: git checkout -- ${path}`,
  });
}

async function* parseRatings(text: string, file: EmbeddedFile): AsyncGenerator<Candidate | BadRow, void> {
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const where = `${file.name}:${i + 1}`;
    const [, id, rating, opinion] = /^([^\t]+)\t([^\t]+)\t(.*)$/s.exec(lines[i]) ?? [];
    if (id === undefined) yield { where, problem: 'the line is not id, rating and text, separated by tabs' };
    else {
      const group = file.grouped ? id.split('_')[0] : undefined;
      yield { where, id, text: opinion, opinion: { rating }, ...(group !== undefined && { group }) };
    }
  }
}
