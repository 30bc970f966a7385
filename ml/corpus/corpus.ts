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
import { classSetOf } from './classes.ts';
import { DuplicateFinder, duplicateKey, groupKey, nearDuplicateKey } from './duplicates.ts';
import type { Review } from './review.ts';
import { ReviewStore } from './reviews_file.ts';
import { openSource, type SourceOptions } from './source.ts';
import { markItems, type SourcePart, sourcesOf } from './sources.ts';
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
 * Opens the sources that the settings name, and the one of the held-out texts if they name one, one after the other, and
 * gathers the texts. The caller closes the corpus.
 *
 * Throws what createLabeller, openSource, Corpus.gather, refuseAmbiguous and Corpus.settle throw.
 */
export async function gatherCorpus(settings: DataIngestionParams, options: SourceOptions): Promise<Corpus> {
  const parts = sourcesOf(settings);
  const part = settings.test_source ? 'train' : undefined;
  const corpus = new Corpus(join(options.folder, `reviews-${randomUUID()}.tmp`));
  try {
    for (const own of parts) await gatherSource(corpus, own, parts.length > 1, part, options);
    if (settings.test_source) {
      const { source: _, sources: _others, ...common } = settings;
      const domain = parts.length === 1 ? parts[0].domain : settings.domain;
      const [held] = sourcesOf({ ...common, source: settings.test_source, domain });
      await gatherSource(corpus, held, parts.length > 1, 'test', options);
    }
    corpus.settle(classSetOf(settings).names);
    return corpus;
  } catch (error) {
    if (corpus.parts.some(({ census }) => census.rowsRead > 0)) for (const line of corpus.describe()) options.log(line);
    corpus.close();
    throw error;
  }
}

async function gatherSource(
  corpus: Corpus,
  settings: SourcePart,
  several: boolean,
  part: Review['split'],
  options: SourceOptions,
): Promise<void> {
  const label = createLabeller(settings);
  const source = await openSource(settings, options);
  try {
    const { domain, max_bad_share: maxBadShare } = settings;
    const items = markItems(source.items, settings, several);
    const { census } = await corpus.gather({ name: source.name, items, domain, maxBadShare }, label, part);
    refuseAmbiguous(settings, census.words(), source.name);
  } finally {
    await source.close();
  }
}

/** One source of a corpus. */
export type CorpusPart = {
  name: string;
  domain?: string;
  /** The most unusable rows, as a share. */
  maxBadShare: number;
  census: Census;
  /** Number of its texts that the corpus keeps. */
  kept: number;
  /** Number of its duplicates for which a text of another source is kept. */
  elsewhere: number;
};

export class Corpus {
  /** Its sources, in their order. */
  readonly parts: CorpusPart[] = [];
  readonly #store: ReviewStore;
  readonly #duplicates = new DuplicateFinder();
  readonly #labels: number[] = [];
  /** Of each text; see duplicates.ts. */
  readonly #keys: { exact: string; near: string; unit: string }[] = [];
  /** The part that the source itself gives each text. */
  readonly #given: (Review['split'] | undefined)[] = [];
  /** The number of each text's source. */
  readonly #sources: number[] = [];
  /** Numbers of the texts kept, ascending. */
  #kept: number[] = [];

  /** `path` is where the store of texts is created; its name is deleted at once. */
  constructor(path: string) {
    this.#store = new ReviewStore(path);
  }

  get name(): string {
    return this.parts.map(({ name }) => name).join(', ');
  }

  /** The counts of all sources together. */
  get census(): Census {
    return Census.sum(this.parts.map(({ census }) => census));
  }

  /**
   * Reads all of a source. With `part`, all its texts are of that part of the split. Throws what iterating over its items
   * throws.
   */
  async gather(
    {
      items,
      name,
      domain,
      maxBadShare = 0,
    }: Pick<Source, 'items' | 'name'> & { domain?: string; maxBadShare?: number },
    label: (opinion: Opinion) => Judgement,
    part?: Review['split'],
  ): Promise<CorpusPart> {
    const own: CorpusPart = { name, domain, maxBadShare, census: new Census(), kept: 0, elsewhere: 0 };
    this.parts.push(own);
    for await (const item of items) {
      own.census.rowsRead++;
      if ('problem' in item) own.census.leaveOut('bad_row', item.where, item.problem);
      else this.#take(part ? { ...item, split: part } : item, label(item.opinion), own.census);
    }
    return own;
  }

  #take(candidate: Candidate, judgement: Judgement, census: Census): void {
    const { where, text, opinion } = candidate;
    if ('label' in opinion) census.addWord(opinion.label);
    if (text.trim() === '') census.leaveOut('empty_text', where);
    else if (judgement === 'neutral') census.leaveOut('neutral', where);
    else if (judgement === 'unknown') census.leaveOut('unknown_label', where, describeOpinion(opinion));
    else this.#add(candidate, judgement, census);
  }

  #add(candidate: Candidate, judgement: Pick<Review, 'label' | 'rating'>, census: Census): void {
    const { where, opinion: _, id, text: given, ...rest } = candidate;
    const { group, split } = rest;
    const text = given.toWellFormed();
    if (text !== given) census.repaired++;
    if (/\\[n"]/.test(text)) census.writtenOut++;
    const review = { id, text, ...judgement, ...rest };
    const exact = duplicateKey(text);
    // A held-out text stays, whatever the training part says about it. Of several sources the first has the text.
    const source = this.parts.length - 1;
    const finding = this.#duplicates.add(
      split === 'test' ? `test ${exact}` : exact,
      judgement.label,
      (other) => this.#sources[other] === source && comesBefore(review, this.#store.read(other)),
    );
    if (finding === 'duplicate') census.show('duplicate', where);
    if (finding === 'conflict') census.show('conflicting_duplicate', where);
    const near = nearDuplicateKey(text);
    this.#keys.push({ exact, near, unit: group === undefined ? near : groupKey(group) });
    this.#labels.push(judgement.label);
    this.#given.push(split);
    this.#sources.push(source);
    this.#store.add(review);
  }

  get size(): number {
    return this.#kept.length;
  }

  /** Settles which texts to keep; all `classes` must have some. Throws CORPUS_EMPTY, TOO_MANY_BAD_ROWS or ONE_CLASS (2). */
  settle(classes: readonly string[]): void {
    for (let i = 0; i < this.#store.size; i++) {
      const fate = this.#duplicates.fate(i);
      const own = this.parts[this.#sources[i]];
      if (fate === 'kept') {
        this.#kept.push(i);
        own.kept++;
      } else {
        own.census.leaveOut(fate === 'conflict' ? 'conflicting_duplicate' : 'duplicate');
        if (fate === 'duplicate' && this.#sources[this.#duplicates.keeper(i)] !== this.#sources[i]) own.elsewhere++;
      }
    }
    for (const { name, census, maxBadShare } of this.parts) census.check(name, maxBadShare);
    const found = new Set(this.#kept.map((i) => this.#labels[i]));
    const missing = classes.filter((_, label) => !found.has(label));
    if (missing.length > 0) throw this.census.noContrast(this.name, classes, missing, this.size);
  }

  /** Lines that say how many rows of each source were read, kept and left out, and why. */
  describe(): string[] {
    return this.parts.flatMap(({ name, census, kept, elsewhere }) => [
      `${name}: ${grouped(census.rowsRead)} read, ${grouped(kept)} kept, ${grouped(census.rowsRead - kept)} left out`,
      ...census.describe(),
      ...(elsewhere > 0 ? [`  ${grouped(elsewhere)} of the duplicates are kept from a source before`] : []),
    ]);
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
