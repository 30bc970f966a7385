/**
 * Learns one number a word, its polarity, from few numbers that many words share. The columns of a lexicon's words are tied:
 *
 *     weight of a word = sum over its features f of  theta_f x feature_f(word)
 *
 * A fit sees the features in place of the words: the columns of the lexicon become one column a feature, with the sum over the
 * text's words of value x feature. Afterwards the thetas are multiplied out, and the model is a plain linear model over words
 * again: serving and explaining know nothing of features.
 *
 * Features are the ratings of the lists, and the parts of the vectors, less their mean and divided by their root mean
 * square over the training words: so that they are about as large as ratings in sum, and say how a text differs from others.
 * Another model's opinion is scaled so that its sums over the training texts deviate by 1: larger than the ratings, because it is
 * worth more.
 */
import { DIMENSIONS, type Lexicon, VECTOR_SCALE } from '../lexicon/lexicon.ts';
import type { Csr } from './csr.ts';

/** Standard deviation of a part of a vector, against ratings of up to 1. Half or double changes no accuracy by 0.1 points. */
const VECTOR_SIZE = 0.05;

export type Tied = {
  /** The columns before those of the lexicon, and one a feature. */
  x: Csr;
  /** Weights of `x`, K a column, as weights of the columns before and the words. */
  untie(weights: Float64Array, K: number): Float64Array<ArrayBuffer>;
};

/** The last columns of `x` are the words of the lexicon, in their order. */
export function tie(x: Csr, lexicon: Lexicon): Tied {
  const from = x.columnCount - lexicon.words.length;
  const ratings = lexicon.prior ? [...lexicon.ratings, scaledPrior(x, from, lexicon.prior.ratings)] : lexicon.ratings;
  const lists = ratings.length;
  const scaled = scaledVectors(x, from, lexicon);
  const features = lists + (lexicon.vectorCount > 0 ? DIMENSIONS : 0);
  const featuresOf = (word: number, into: Float64Array, value: number) => {
    for (let f = 0; f < lists; f++) into[f] += value * ratings[f][word];
    if (word < lexicon.vectorCount) scaled(word, into, lists, value);
  };
  return {
    x: tiedRows(x, from, features, featuresOf),
    untie(weights, K) {
      const plain = new Float64Array(x.columnCount * K);
      plain.set(weights.subarray(0, from * K));
      const own = new Float64Array(features);
      for (let word = 0; word < lexicon.words.length; word++) {
        own.fill(0);
        featuresOf(word, own, 1);
        for (let k = 0; k < K; k++) {
          let sum = 0;
          for (let f = 0; f < features; f++) sum += weights[(from + f) * K + k] * own[f];
          plain[(from + word) * K + k] = sum;
        }
      }
      return plain;
    },
  };
}

/** The columns before those of the lexicon, for methods to which tied columns mean nothing; `untie` gives words the weight 0. */
export function leaveOut(x: Csr, lexicon: Lexicon): Tied {
  const from = x.columnCount - lexicon.words.length;
  return {
    x: tiedRows(x, from, 0, () => {}),
    untie(weights, K) {
      const plain = new Float64Array(x.columnCount * K);
      plain.set(weights);
      return plain;
    },
  };
}

type AddFeatures = (word: number, into: Float64Array, value: number) => void;

function tiedRows(x: Csr, from: number, features: number, add: AddFeatures): Csr {
  const { rowCount } = x;
  let kept = 0;
  for (const column of x.columns) if (column < from) kept++;
  const columns = new Uint32Array(kept + rowCount * features);
  const values = new Float32Array(columns.length);
  const start = new Uint32Array(rowCount + 1);
  const own = new Float64Array(features);
  let at = 0;
  for (let i = 0; i < rowCount; i++) {
    own.fill(0);
    for (let k = x.start[i]; k < x.start[i + 1]; k++) {
      const column = x.columns[k];
      if (column >= from) add(column - from, own, x.values[k]);
      else {
        columns[at] = column;
        values[at++] = x.values[k];
      }
    }
    for (let f = 0; f < features; f++) {
      if (own[f] === 0) continue;
      columns[at] = from + f;
      values[at++] = own[f];
    }
    start[i + 1] = at;
  }
  return {
    rowCount,
    columnCount: from + features,
    start,
    columns: columns.subarray(0, at),
    values: values.subarray(0, at),
    signs: x.signs,
    measures: features,
    blocks: x.blocks,
  };
}

function scaledPrior(x: Csr, from: number, ratings: Float32Array): Float32Array {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < x.rowCount; i++) {
    let own = 0;
    for (let k = x.start[i]; k < x.start[i + 1]; k++) {
      if (x.columns[k] >= from) own += x.values[k] * ratings[x.columns[k] - from];
    }
    sum += own;
    squares += own * own;
  }
  const deviation = Math.sqrt(Math.max(0, squares / x.rowCount - (sum / x.rowCount) ** 2));
  return deviation === 0 ? ratings : ratings.map((rating) => rating / deviation);
}

/** Adds value x (vector - mean) x VECTOR_SIZE / root mean square, from place `at` on. Words weigh as much as their values. */
function scaledVectors(
  x: Csr,
  from: number,
  { vectors, vectorCount }: Lexicon,
): (word: number, into: Float64Array, at: number, value: number) => void {
  const uses = new Float64Array(vectorCount);
  let total = 0;
  for (let k = 0; k < x.columns.length; k++) {
    const word = x.columns[k] - from;
    if (word < 0 || word >= vectorCount) continue;
    uses[word] += Math.abs(x.values[k]);
    total += Math.abs(x.values[k]);
  }
  if (total === 0) return () => {};
  const mean = new Float64Array(DIMENSIONS);
  let squares = 0;
  for (let word = 0; word < vectorCount; word++) {
    if (uses[word] === 0) continue;
    for (let d = 0; d < DIMENSIONS; d++) {
      const part = vectors[word * DIMENSIONS + d] / VECTOR_SCALE;
      mean[d] += (uses[word] / total) * part;
      squares += (uses[word] / total) * part * part;
    }
  }
  for (const part of mean) squares -= part * part;
  const size = VECTOR_SIZE / Math.sqrt(squares / DIMENSIONS || 1);
  return (word, into, at, value) => {
    const start = word * DIMENSIONS;
    for (let d = 0; d < DIMENSIONS; d++) {
      into[at + d] += value * size * (vectors[start + d] / VECTOR_SCALE - mean[d]);
    }
  };
}
