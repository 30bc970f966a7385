/**
 * A text as its source gives it, before labelling, the duplicate check and the check for empty texts; and its label, by
 * the settings of data_ingestion. A source yields candidates, and a BadRow for each unreadable row.
 */
import { usageError } from '../errors.ts';
import { type ClassSettings, classOfRating, classSetOf, isUsual, labelsOfClasses } from './classes.ts';
import type { Review } from './review.ts';

export type Candidate = {
  /** Where a person finds it: "reviews.csv:17". */
  where: string;
  id: string;
  text: string;
  opinion: Opinion;
  group?: string;
  /** Kind of texts, by which figures are given. */
  domain?: string;
  /** How much the text counts in training, if not 1. */
  weight?: number;
  /** The part that the source itself assigns it to. */
  split?: 'train' | 'test';
};

/** A rating that decides the class, or a word for it. */
export type Opinion = { rating: string | number } | { label: string };

/** A row that cannot be read. */
export type BadRow = {
  where: string;
  /** What is wrong with it. */
  problem: string;
};

export type Source = {
  /** Its name in reports, without passwords and signatures. */
  name: string;
  /** Can be iterated once. */
  items: AsyncIterable<Candidate | BadRow>;
  /** Deletes what was downloaded for this run. */
  close(): Promise<void>;
};

/** A label, with its rating if there is one; or the reason why there is no label. */
export type Judgement = Pick<Review, 'label' | 'rating'> | 'neutral' | 'unknown';

/**
 * The class of a text by its words or its rating. Words are compared trimmed and in lower case, whole numbers by value:
 * "1.0" equals "1". Labels of no class that are in neutral_labels are left out.
 *
 * Throws LABELS_OVERLAP (2) for a word of two classes, CLASSES_INVALID (2); the labeller throws the latter for a rating
 * that has no place among the classes.
 */
export function createLabeller(settings: ClassSettings): (opinion: Opinion) => Judgement {
  const classes = classSetOf(settings);
  const judgements = new Map<string, { judgement: Judgement; of: string }>();
  const add = (words: readonly string[], judgement: Judgement, of: string) => {
    for (const word of words.map(canonical)) {
      const other = judgements.get(word);
      if (other && other.of !== of) throw overlap(word, other.of, of);
      judgements.set(word, { judgement, of });
    }
  };
  labelsOfClasses(settings).forEach((words, label) => {
    add(words, { label }, classes.names[label]);
  });
  if (!classes.names.includes('neutral')) add(settings.neutral_labels, 'neutral', 'neutral');
  return (opinion) => {
    if (!('rating' in opinion)) return judgements.get(canonical(opinion.label))?.judgement ?? 'unknown';
    const rating = numberOf(opinion.rating);
    if (!Number.isFinite(rating)) return 'unknown';
    const label = classOfRating(rating, classes, settings);
    return label === undefined ? 'neutral' : { label, rating };
  };
}

/**
 * Throws LABELS_AMBIGUOUS (2) where 0 and -1 both occur and both count as negative only because the lists know every
 * usual word: beside -1 and 1, a 0 is mostly neutral.
 */
export function refuseAmbiguous(settings: ClassSettings, words: readonly string[], name: string): void {
  const seen = new Set(words.map(canonical));
  if (settings.classes || !isUsual(settings.negative_labels.map(canonical)) || !seen.has('0') || !seen.has('-1'))
    return;
  throw usageError(
    'LABELS_AMBIGUOUS',
    `${name} has the labels -1 and 0, and both would count as negative`,
    'if 0 means neutral: --classes negative neutral positive, or to leave it out --positive 1 --negative -1 --neutral 0; ' +
      'if it means negative: --negative -1 0 (in params.yaml: classes, positive_labels, negative_labels, neutral_labels)',
  );
}

/** NaN for an empty text, which Number would convert to zero. */
function numberOf(rating: string | number): number {
  return typeof rating === 'string' && rating.trim() === '' ? Number.NaN : Number(rating);
}

function canonical(word: string): string {
  return word
    .trim()
    .toLowerCase()
    .replace(/^(-?\d+)\.0+$/, '$1');
}

function overlap(word: string, one: string, other: string) {
  return usageError(
    'LABELS_OVERLAP',
    `data_ingestion: the label ${JSON.stringify(word)} counts both as ${one} and as ${other}`,
    'put each label into one list only: class_labels, positive_labels, negative_labels, neutral_labels',
  );
}
