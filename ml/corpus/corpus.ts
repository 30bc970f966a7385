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
import { DuplicateFinder, duplicateKey, groupKey, nearDuplicateKey } from './duplicates.ts';
import type { Review } from './review.ts';
import { ReviewStore } from './reviews_file.ts';
import { openSource, type SourceOptions } from './source.ts';
import { chooseHeldOut, requireAllClasses, type Stratum, strataOf } from './split.ts';

/** The two parts of a corpus: numbers of texts, in an order that does not depend on that of the rows. */
export type Split = {
  train: number[];
  test: number[];
  /** How close the held-out part is to its share of each class; undefined for a split that the source gives. */
  strata: Stratum[] | undefined;
  /** Texts left out of training because the held-out part has a near duplicate or texts of the same group. */
  shared: number[];
};

/**
 * Opens the source that the settings name, and the one of the held-out texts if they name one, and gathers the texts. The
 * caller closes the corpus.
 *
 * Throws what createLabeller, openSource, Corpus.gather, refuseAmbiguous and Corpus.settle throw.
 */
export async function gatherCorpus(settings: DataIngestionParams, options: SourceOptions): Promise<Corpus> {
  const label = createLabeller(settings);
  const source = await openSource(settings, options);
  const corpus = new Corpus(source.name, join(options.folder, `reviews-${randomUUID()}.tmp`));
  try {
    await corpus.gather(source, label, settings.test_source && 'train');
    if (settings.test_source) {
      const test = await openSource({ ...settings, source: settings.test_source }, options);
      await corpus.gather(test, label, 'test').finally(() => test.close());
    }
    refuseAmbiguous(settings, corpus.census.words(), corpus.name);
    corpus.settle(settings.max_bad_share);
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
  readonly #labels: (0 | 1)[] = [];
  /** Of each text; see duplicates.ts. */
  readonly #keys: { exact: string; near: string; unit: string }[] = [];
  /** The part that the source itself gives each text. */
  readonly #given: (Review['split'] | undefined)[] = [];
  /** Numbers of the texts kept, ascending. */
  #kept: number[] = [];

  /** `path` is where the store of texts is created; its name is deleted at once. */
  constructor(name: string, path: string) {
    this.name = name;
    this.#store = new ReviewStore(path);
  }

  /**
   * Reads all of a source. With `part`, all its texts are of that part of the split. Throws what iterating over its items
   * throws.
   */
  async gather(
    { items }: Pick<Source, 'items'>,
    label: (opinion: Opinion) => Judgement,
    part?: Review['split'] | '',
  ): Promise<void> {
    for await (const item of items) {
      this.census.rowsRead++;
      if ('problem' in item) this.census.leaveOut('bad_row', item.where, item.problem);
      else this.#take(part ? { ...item, split: part } : item, label(item.opinion));
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
    const review = { id, text, ...judgement, ...(group !== undefined && { group }), ...(split && { split }) };
    const exact = duplicateKey(text);
    // A held-out text stays, whatever the training part says about it.
    const finding = this.#duplicates.add(split === 'test' ? `test ${exact}` : exact, judgement.label, (other) =>
      comesBefore(review, this.#store.read(other)),
    );
    if (finding === 'duplicate') this.census.show('duplicate', where);
    if (finding === 'conflict') this.census.show('conflicting_duplicate', where);
    const near = nearDuplicateKey(text);
    this.#keys.push({ exact, near, unit: group === undefined ? near : groupKey(group) });
    this.#labels.push(judgement.label);
    this.#given.push(split);
    this.#store.add(review);
  }

  get size(): number {
    return this.#kept.length;
  }

  /** Settles which texts to keep. Throws CORPUS_EMPTY, TOO_MANY_BAD_ROWS or ONE_CLASS (2). */
  settle(maxBadShare: number): void {
    for (let i = 0; i < this.#store.size; i++) {
      const fate = this.#duplicates.fate(i);
      if (fate === 'kept') this.#kept.push(i);
      else this.census.leaveOut(fate === 'conflict' ? 'conflicting_duplicate' : 'duplicate');
    }
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
   * A text goes where its source puts it; where no source has both parts, the seed decides (see split.ts). A training text
   * that shares its near-duplicate key or its group with a held-out text is left out. Both parts are ordered by the hash of
   * their texts, so that equal texts in another order give the same model. Throws SPLIT_IMPOSSIBLE.
   */
  split({ test_share: testShare, seed }: Pick<DataIngestionParams, 'test_share' | 'seed'>): Split {
    const order = this.#kept.toSorted((a, b) => (this.#keys[a].exact < this.#keys[b].exact ? -1 : 1));
    const given = new Set(order.map((i) => this.#given[i]));
    const ownSplit = given.has('train') && given.has('test');
    const labels = order.map((i) => this.#labels[i]);
    const input = { labels, units: order.map((i) => this.#keys[i].unit), testShare, seed };
    const chosen = chooseHeldOut(input);
    const isHeldOut = ownSplit ? order.map((i, k) => this.#isGivenTest(i) ?? chosen[k]) : chosen;
    const test = order.filter((_, k) => isHeldOut[k]);
    const known = new Set(test.flatMap((i) => [this.#keys[i].near, this.#keys[i].unit]));
    const isShared = (i: number) => known.has(this.#keys[i].near) || known.has(this.#keys[i].unit);
    const rest = order.filter((_, k) => !isHeldOut[k]);
    const [train, shared] = [rest.filter((i) => !isShared(i)), rest.filter(isShared)];
    const labelsOf = (part: number[]) => part.map((i) => this.#labels[i]);
    requireAllClasses(labelsOf(train), labelsOf(test), shared.length);
    return { train, test, shared, strata: ownSplit ? undefined : strataOf(input, isHeldOut) };
  }

  #isGivenTest(i: number): boolean | undefined {
    const part = this.#given[i];
    return part && part === 'test';
  }

  close(): void {
    this.#store.close();
  }
}

function describeOpinion(opinion: Opinion): string {
  return 'label' in opinion ? `label ${JSON.stringify(opinion.label)}` : `rating ${JSON.stringify(opinion.rating)}`;
}

/** Of two duplicates the one to keep, whatever the order of the rows. */
function comesBefore(one: Review, other: Review): boolean {
  const [a, b] = [one, other].map(({ text, rating, group }) => JSON.stringify([text, rating, group]));
  return a > b;
}

/** All usable texts of the source in memory, in its order, without those of test_source. Throws what gatherCorpus throws. */
export function gatherReviews(settings: DataIngestionParams, options: SourceOptions): Promise<Review[]> {
  return withCorpus({ ...settings, test_source: undefined }, options, (corpus) => [...corpus.reviews()]);
}

/** The two parts of a source in memory. Throws what gatherCorpus throws, and SPLIT_IMPOSSIBLE. */
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
