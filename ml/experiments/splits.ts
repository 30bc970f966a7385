/** The texts of all cells, and the splits on which each cell is tried. */
import { createHash } from 'node:crypto';
import { type ClassSet, classSetOf } from '../corpus/classes.ts';
import type { Review } from '../corpus/review.ts';
import { stratifiedFolds } from '../evaluation/folds.ts';
import type { Params } from '../params.ts';
import { createNormalizer } from '../text/normalize.ts';
import { labelsOf } from '../training.ts';
import type { Labels } from '../weights.ts';

/** Texts are normalised; all arrays have one length. */
export type Texts = Labels & { classes: ClassSet; texts: string[]; groups: (string | undefined)[] | undefined };

/** Numbers of the texts to learn from and of those to score. */
export type Split = { name: string; train: Uint32Array<ArrayBuffer>; held: Uint32Array<ArrayBuffer> };

export function prepareTexts(reviews: readonly Review[], params: Params): Texts {
  const normalize = createNormalizer(params.data_preprocessing);
  const grouped = reviews.some((review) => review.group !== undefined);
  return {
    ...labelsOf(reviews),
    classes: classSetOf(params.data_ingestion),
    texts: reviews.map((review) => normalize(review.text)),
    groups: grouped ? reviews.map((review) => review.group) : undefined,
  };
}

export function digestOf({ texts, labels, ratings, weights }: Texts): string {
  const hash = createHash('sha256');
  texts.forEach((text, i) => {
    hash.update(`${labels[i]}\t${ratings[i]}\t${weights[i] === 1 ? '' : `${weights[i]}\t`}${text}\n`);
  });
  return hash.digest('hex');
}

/** Splits "0of5", "1of5", ...: the folds of `sentiment evaluate --cv` with the same seed. Throws FOLDS_INVALID. */
export function outerSplits({ labels, groups }: Texts, folds: number, seed: number): Split[] {
  const all = Uint32Array.from(labels, (_, i) => i);
  return splitsOf(all, stratifiedFolds(labels, groups, folds, seed), folds, (fold) => `${fold}of${folds}`);
}

/** Splits "2of5.0of3", "2of5.1of3", ... of the training part of split "2of5". Throws FOLDS_INVALID. */
export function innerSplits({ labels, groups }: Texts, outer: Split, folds: number, seed: number): Split[] {
  const ofPart = Uint8Array.from(outer.train, (i) => labels[i]);
  const groupsOfPart = groups && Array.from(outer.train, (i) => groups[i]);
  return splitsOf(outer.train, stratifiedFolds(ofPart, groupsOfPart, folds, seed), folds, (fold) => {
    return `${outer.name}.${fold}of${folds}`;
  });
}

function splitsOf(
  rows: Uint32Array<ArrayBuffer>,
  foldOf: Uint8Array,
  folds: number,
  nameOf: (fold: number) => string,
): Split[] {
  return Array.from({ length: folds }, (_, fold) => ({
    name: nameOf(fold),
    train: rows.filter((_, k) => foldOf[k] !== fold),
    held: rows.filter((_, k) => foldOf[k] === fold),
  }));
}
