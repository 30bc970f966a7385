/**
 * A source's usable texts: read, labelled, checked, without duplicates, ready to be split.
 *
 * Texts lie in a temporary file, not in memory; what is held is less than 300 bytes for each of them. A corpus is closed
 * when it is done with.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DataIngestionParams } from '../params.ts';
import type { Candidate, Opinion, Source } from './candidate.ts';
import { Census, grouped } from './census.ts';
import { Clusters } from './clusters.ts';
import { DuplicateFinder, nearDuplicateKey } from './duplicates.ts';
import { createLabeller, type Judgement } from './labeller.ts';
import { nearDuplicateKeys } from './leaks.ts';
import { openSource, type SourceOptions } from './open_source.ts';
import type { Review } from './review.ts';
import { ReviewStore } from './review_store.ts';
import { type Split, splitAsGiven, splitTexts } from './split.ts';

/** Opens the source that the settings name and gathers it. Throws what openSource and Corpus.gather throw. */
export async function gatherCorpus(settings: DataIngestionParams, options: SourceOptions): Promise<Corpus> {
  const label = createLabeller(settings);
  const source = await openSource(settings, options);
  const corpus = new Corpus(source.name, join(options.scratch ?? options.folder, `reviews-${randomUUID()}.tmp`));
  try {
    await corpus.gather(source, label);
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
  readonly #onTestSide: (boolean | undefined)[] = [];
  /** Numbers of the texts that stay, ascending. */
  #kept: number[] = [];

  /** `path` is where the texts go until close(), under no name. */
  constructor(name: string, path: string) {
    this.name = name;
    this.#store = new ReviewStore(path);
  }

  /** Takes in all of a source. Throws what going through its items throws. */
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
    // A key has no blank, so that no group can be taken for one.
    this.#clusters.add([nearDuplicateKey(text), ...(group === undefined ? [] : [`group ${group}`])]);
    this.#labels.push(judgement.label);
    this.#onTestSide.push(split && split === 'test');
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

  /** What was read and kept, and what was left out and why, as lines. */
  describe(): string[] {
    const { rowsRead } = this.census;
    const left = rowsRead - this.size;
    return [
      `${this.name}: ${grouped(rowsRead)} read, ${grouped(this.size)} kept, ${grouped(left)} left out`,
      ...this.census.describe(),
    ];
  }

  /** The texts with these numbers, in this order; by default all, in the source's order. */
  *reviews(numbers: Iterable<number> = this.#kept): Generator<Review, void> {
    for (const number of numbers) yield this.#store.read(number);
  }

  /**
   * Numbers of the training and the test texts, shuffled. The source's own split stands where it has one, less the
   * training texts that have a near duplicate on the test side; else the seed decides, and near duplicates and groups
   * stay together. Throws SPLIT_IMPOSSIBLE.
   */
  split({ test_share: testShare, seed }: Pick<DataIngestionParams, 'test_share' | 'seed'>): Split & { leaks: number } {
    const labels = Uint8Array.from(this.#kept, (i) => this.#labels[i]);
    const given = this.#kept.map((i) => this.#onTestSide[i]);
    const ownSplit = given.includes(true) && given.includes(false);
    const split = ownSplit
      ? splitAsGiven(labels, (i) => given[i] === true, seed)
      : splitTexts({ labels, clusters: this.#kept.map((i) => this.#clusters.find(i)), testShare, seed });
    const train = split.train.map((i) => this.#kept[i]);
    const test = split.test.map((i) => this.#kept[i]);
    if (!ownSplit) return { train, test, leaks: 0 };
    const known = nearDuplicateKeys(this.reviews(test));
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
