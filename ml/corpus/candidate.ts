/**
 * A text as its source gives it, before labelling, the duplicate check and the check for empty texts; and its label, by
 * the settings of data_ingestion. A source yields candidates, and a BadRow for each unreadable row.
 */
import { usageError } from '../errors.ts';
import type { DataIngestionParams } from '../params.ts';
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

/** A rating whose sign is the label, or a word for the label. */
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

export type LabelSettings = Pick<
  DataIngestionParams,
  'positive_labels' | 'negative_labels' | 'neutral_labels' | 'neutral_band'
>;

type List = 'positive_labels' | 'negative_labels' | 'neutral_labels';

const MEANING: Record<List, Judgement> = {
  positive_labels: { label: 1 },
  negative_labels: { label: 0 },
  neutral_labels: 'neutral',
};

/**
 * The sign of a rating is the label; a rating within neutral_band of zero (0: exactly zero) is neutral. Words are
 * compared trimmed and in lower case, whole numbers by value: "1.0" equals "1".
 *
 * Throws LABELS_OVERLAP (2) for a word in two lists.
 */
export function createLabeller(settings: LabelSettings): (opinion: Opinion) => Judgement {
  const lists = new Map<string, List>();
  for (const list of ['positive_labels', 'negative_labels', 'neutral_labels'] as const) {
    for (const word of settings[list].map(canonical)) {
      const other = lists.get(word) ?? list;
      if (other !== list) throw overlap(word, other, list);
      lists.set(word, list);
    }
  }
  return (opinion) => {
    if ('rating' in opinion) return judgeRating(numberOf(opinion.rating), settings.neutral_band);
    const list = lists.get(canonical(opinion.label));
    return list ? MEANING[list] : 'unknown';
  };
}

/**
 * Throws LABELS_AMBIGUOUS (2) where 0 and -1 both occur and both count as negative only because the lists know every
 * usual word: beside -1 and 1, a 0 is mostly neutral.
 */
export function refuseAmbiguous(settings: LabelSettings, words: readonly string[], name: string): void {
  const negative = new Set(settings.negative_labels.map(canonical));
  const seen = new Set(words.map(canonical));
  if (!['negative', '0', '-1'].every((word) => negative.has(word)) || !seen.has('0') || !seen.has('-1')) return;
  throw usageError(
    'LABELS_AMBIGUOUS',
    `${name} has the labels -1 and 0, and both would count as negative`,
    'if 0 means neutral: --positive 1 --negative -1 --neutral 0; if it means negative: --negative -1 0 ' +
      '(in params.yaml: positive_labels, negative_labels, neutral_labels)',
  );
}

function judgeRating(rating: number, neutralBand: number): Judgement {
  if (!Number.isFinite(rating)) return 'unknown';
  if (Math.abs(rating) <= neutralBand) return 'neutral';
  return { label: rating > 0 ? 1 : 0, rating };
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

function overlap(word: string, one: List, other: List) {
  return usageError(
    'LABELS_OVERLAP',
    `data_ingestion: ${JSON.stringify(word)} is both in ${one} and in ${other}`,
    'put each label into one list only',
  );
}
