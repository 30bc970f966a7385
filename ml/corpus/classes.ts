/** The classes of the texts, as the settings of data_ingestion name them, and the place of each on the scale of ratings. */
import { usageError } from '../errors.ts';
import type { DataIngestionParams } from '../params.ts';

export type ClassSettings = Pick<
  DataIngestionParams,
  'classes' | 'class_labels' | 'rating_cuts' | 'ordered' | 'neutral_band'
> &
  Pick<DataIngestionParams, 'positive_labels' | 'negative_labels' | 'neutral_labels'>;

export type ClassSet = {
  /** A class is known by its number, its place here. */
  names: readonly string[];
  /** Whether the order means something, as from negative to positive. */
  ordered: boolean;
  /**
   * Ratings between the classes, ascending: class k is rated above cuts[k - 1] and up to cuts[k]. Undefined if the
   * classes have no place on the scale of ratings.
   */
  cuts: readonly number[] | undefined;
};

const SENTIMENTS = ['negative', 'neutral', 'positive'];

/** Throws CLASSES_INVALID (2). */
export function classSetOf(settings: ClassSettings): ClassSet {
  const names = settings.classes ?? ['negative', 'positive'];
  const cuts = settings.rating_cuts ?? usualCuts(names, settings.neutral_band);
  if (cuts && cuts.length !== names.length - 1) {
    throw invalid(`${names.length} classes need ${names.length - 1} rating_cuts, not ${cuts.length}`);
  }
  const stranger = Object.keys(settings.class_labels ?? {}).find((name) => !names.includes(name));
  if (stranger !== undefined) throw invalid(`class_labels has ${JSON.stringify(stranger)}, which is not in classes`);
  return { names, ordered: settings.ordered ?? cuts !== undefined, cuts };
}

/** The labels of each class; of the sentiments, what positive_labels, negative_labels and neutral_labels say. */
export function labelsOfClasses(settings: ClassSettings): string[][] {
  const { names } = classSetOf(settings);
  const { negative_labels: negative, neutral_labels: neutral, positive_labels: positive, class_labels } = settings;
  const lists = { negative, neutral, positive };
  // The list of negative labels knows every usual word; beside a neutral class, 0 is neutral.
  if (names.includes('neutral') && isUsual(negative)) {
    lists.negative = negative.filter((label) => label !== '0');
    lists.neutral = [...neutral, '0'];
  }
  const usual = new Map(Object.entries(lists));
  return names.map((name) => class_labels?.[name] ?? usual.get(name) ?? [name]);
}

/** Whether the list of negative labels has the words for every way of writing it, -1 and 0 among them. */
export function isUsual(negative: readonly string[]): boolean {
  return ['negative', '0', '-1'].every((label) => negative.includes(label));
}

/** Class of a finite rating; undefined where two classes leave out the ratings around zero. */
export function classOfRating(rating: number, { names, cuts }: ClassSet, settings: ClassSettings): number | undefined {
  if (!cuts) throw invalid('ratings have no place among these classes');
  if (settings.rating_cuts === undefined && isBand(names)) {
    const isNeutral = Math.abs(rating) <= settings.neutral_band;
    if (names.length === 2) return isNeutral ? undefined : Number(rating > 0);
    return isNeutral ? 1 : 2 * Number(rating > 0);
  }
  return cuts.filter((cut) => rating > cut).length;
}

function isBand(names: readonly string[]): boolean {
  const numbers = names.map(Number);
  return (names.length === 2 && !numbers.every(Number.isFinite)) || String(names) === String(SENTIMENTS);
}

function usualCuts(names: readonly string[], band: number): number[] | undefined {
  if (String(names) === String(SENTIMENTS)) return [-band, band];
  const numbers = names.map(Number);
  const ascend = numbers.every((number, k) => Number.isFinite(number) && (k === 0 || number > numbers[k - 1]));
  if (ascend) return numbers.slice(1).map((number, k) => (number + numbers[k]) / 2);
  return names.length === 2 ? [0] : undefined;
}

function invalid(what: string) {
  return usageError(
    'CLASSES_INVALID',
    `data_ingestion: ${what}`,
    'see the classes in docs/data.md; rating_cuts are the ratings between one class and the next',
  );
}
