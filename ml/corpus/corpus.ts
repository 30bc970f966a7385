/**
 * The usable texts of a source: read, labelled, checked, without duplicates, ready to be split.
 *
 * The texts are in a temporary file; memory holds less than 300 bytes for each.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DataIngestionParams } from '../params.ts';
import {
  type Candidate,
  createLabeller,
  type Judgement,
  type Opinion,
  refuseAmbiguous,
  type Source,
} from './candidate.ts';
import { Census, grouped } from './census.ts';
import { DuplicateFinder, nearDuplicateKey } from './duplicates.ts';
import type { Review } from './review.ts';
import { ReviewStore } from './reviews_file.ts';
import { openSource, type SourceOptions } from './source.ts';
import { Clusters, type Split, splitAsGiven, splitTexts } from './split.ts';

/**
 * Opens the source that the settings name and gathers its texts. The caller closes the corpus.
 *
 * Throws what createLabeller, openSource, Corpus.gather, refuseAmbiguous and Corpus.check throw.
 */
export async function gatherCorpus(settings: DataIngestionParams, options: SourceOptions): Promise<Corpus> {
  const label = createLabeller(settings);
  const source = await openSource(settings, options);
  const corpus = new Corpus(source.name, join(options.folder, `reviews-${randomUUID()}.tmp`));
  try {
    await corpus.gather(source, label);
    refuseAmbiguous(settings, corpus.census.words(), corpus.name);
    corpus.check(settings.max_bad_share);
    return corpus;
  } catch (error) {
    if (corpus.census.rowsRead > 0) for (const line of corpus.describe()) options.log(line);
    corpus.close();
    throw error;
  } finally {
    await source.close();
  }
}

export class Corpus {
  readonly name: string;
  readonly census = new Census();
  readonly #store: ReviewStore;
  readonly #duplicates = new DuplicateFinder();
  readonly #clusters = new Clusters();
  readonly #labels: (0 | 1)[] = [];
  /** Whether the source itself puts each text into the test part; undefined if it does not say. */
  readonly #isTest: (boolean | undefined)[] = [];
  /** Numbers of the texts kept, ascending. */
  #kept: number[] = [];

  /** `path` is where the store of texts is created; its name is deleted at once. */
  constructor(name: string, path: string) {
    this.name = name;
    this.#store = new ReviewStore(path);
  }

  /** Reads all of a source. Throws what iterating over its items throws. */
  async gather({ items }: Pick<Source, 'items'>, label: (opinion: Opinion) => Judgement): Promise<void> {
    for await (const item of items) {
      this.census.rowsRead++;
      if ('problem' in item) this.census.leaveOut('bad_row', item.where, item.problem);
      else this.#take(item, label(item.opinion));
    }
    for (let i = 0; i < this.#store.size; i++) {
      const fate = this.#duplicates.fate(i);
      if (fate === 'kept') this.#kept.push(i);
      else this.census.leaveOut(fate === 'conflict' ? 'conflicting_duplicate' : 'duplicate');
    }
  }

  #take(candidate: Candidate, judgement: Judgement): void {
    const { where, text, opinion } = candidate;
    if ('label' in opinion) this.census.addWord(opinion.label);
    if (text.trim() === '') this.census.leaveOut('empty_text', where);
    else if (judgement === 'neutral') this.census.leaveOut('neutral', where);
    else if (judgement === 'unknown') this.census.leaveOut('unknown_label', where, describeOpinion(opinion));
    else this.#add(candidate, judgement);
  }

  #add({ where, id, text: given, group, split }: Candidate, judgement: Pick<Review, 'label' | 'rating'>): void {
    const text = given.toWellFormed();
    if (text !== given) this.census.repaired++;
    const finding = this.#duplicates.add(text, judgement.label, split === 'test');
    if (finding === 'duplicate') this.census.show('duplicate', where);
    if (finding === 'conflict') this.census.show('conflicting_duplicate', where);
    // Keys contain no space, so a group is never mistaken for one.
    this.#clusters.add([nearDuplicateKey(text), ...(group === undefined ? [] : [`group ${group}`])]);
    this.#labels.push(judgement.label);
    this.#isTest.push(split && split === 'test');
    this.#store.add({ id, text, ...judgement, ...(group !== undefined && { group }), ...(split && { split }) });
  }

  get size(): number {
    return this.#kept.length;
  }

  /** Throws CORPUS_EMPTY, TOO_MANY_BAD_ROWS or ONE_CLASS (2). */
  check(maxBadShare: number): void {
    this.census.check(this.name, maxBadShare);
    const positives = this.#kept.reduce((sum, i) => sum + this.#labels[i], 0);
    if (positives === 0 || positives === this.size) throw this.census.noContrast(this.name, positives, this.size);
  }

  /** Lines that say how many rows were read, kept and left out, and why. */
  describe(): string[] {
    const { rowsRead } = this.census;
    const left = rowsRead - this.size;
    return [
      `${this.name}: ${grouped(rowsRead)} read, ${grouped(this.size)} kept, ${grouped(left)} left out`,
      ...this.census.describe(),
    ];
  }

  /** The texts with these numbers, in this order; by default all texts kept, in the source's order. */
  *reviews(numbers: Iterable<number> = this.#kept): Generator<Review, void> {
    for (const number of numbers) yield this.#store.read(number);
  }

  /**
   * Numbers of the training and test texts, shuffled. A source's own split is used, without the training texts that
   * have a near duplicate in the test part (their number is `leaks`). Otherwise the seed decides, and near duplicates
   * and groups stay together. Throws SPLIT_IMPOSSIBLE.
   */
  split({ test_share: testShare, seed }: Pick<DataIngestionParams, 'test_share' | 'seed'>): Split & { leaks: number } {
    const labels = Uint8Array.from(this.#kept, (i) => this.#labels[i]);
    const given = this.#kept.map((i) => this.#isTest[i]);
    const ownSplit = given.includes(true) && given.includes(false);
    const split = ownSplit
      ? splitAsGiven(labels, (i) => given[i] === true, seed)
      : splitTexts({ labels, clusters: this.#kept.map((i) => this.#clusters.find(i)), testShare, seed });
    const train = split.train.map((i) => this.#kept[i]);
    const test = split.test.map((i) => this.#kept[i]);
    if (!ownSplit) return { train, test, leaks: 0 };
    const known = new Set<string>();
    for (const { text } of this.reviews(test)) known.add(nearDuplicateKey(text));
    const clean = train.filter((i) => !known.has(nearDuplicateKey(this.#store.read(i).text)));
    return { train: clean, test, leaks: train.length - clean.length };
  }

  close(): void {
    this.#store.close();
  }
}

function describeOpinion(opinion: Opinion): string {
  return 'label' in opinion ? `label ${JSON.stringify(opinion.label)}` : `rating ${JSON.stringify(opinion.rating)}`;
}

/** All usable texts of a source in memory, in the source's order. Throws what gatherCorpus throws. */
export function gatherReviews(settings: DataIngestionParams, options: SourceOptions): Promise<Review[]> {
  return withCorpus(settings, options, (corpus) => [...corpus.reviews()]);
}

/** The two parts of a source in memory, shuffled. Throws what gatherCorpus throws, and SPLIT_IMPOSSIBLE. */
export function gatherSplit(
  settings: DataIngestionParams,
  options: SourceOptions,
): Promise<{ train: Review[]; test: Review[] }> {
  return withCorpus(settings, options, (corpus) => {
    const { train, test } = corpus.split(settings);
    return { train: [...corpus.reviews(train)], test: [...corpus.reviews(test)] };
  });
}

async function withCorpus<T>(
  settings: DataIngestionParams,
  options: SourceOptions,
  use: (corpus: Corpus) => T,
): Promise<T> {
  const corpus = await gatherCorpus(settings, options);
  try {
    for (const line of corpus.describe()) options.log(line);
    return use(corpus);
  } finally {
    corpus.close();
  }
}
