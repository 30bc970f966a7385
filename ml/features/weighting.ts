/**
 * From counts to values: term frequency, inverse document frequency, length.
 *
 *     tf    = count, or 1 + ln(count) with sublinear_tf (below 1, the count), or 1 with `binary`
 *     idf   = ln((1 + n) / (1 + df)) + 1 with smooth_idf, else ln(n / df) + 1; only with `tfidf`
 *     value = tf x idf / norm of the row
 *
 * The formulas and their names are scikit-learn's TfidfTransformer (Salton & Buckley 1988). A count (see
 * ngrams.ts) can be a fraction or negative; it keeps its sign.
 */
export type Weighting = 'count' | 'binary' | 'tfidf';
export type Norm = 'l2' | 'l1' | 'none';

export type WeightingSettings = {
  weighting: Weighting;
  sublinear_tf: boolean;
  smooth_idf: boolean;
  norm: Norm;
};

/** idf of each column; all ones unless the weighting is `tfidf`. */
export function inverseDocumentFrequencies(
  documentCounts: ArrayLike<number>,
  documents: number,
  settings: WeightingSettings,
): Float64Array<ArrayBuffer> {
  const idf = new Float64Array(documentCounts.length).fill(1);
  if (settings.weighting !== 'tfidf') return idf;
  const smooth = settings.smooth_idf ? 1 : 0;
  for (let j = 0; j < idf.length; j++) idf[j] = Math.log((documents + smooth) / (documentCounts[j] + smooth)) + 1;
  return idf;
}

/** Term frequency of a weighted count. */
export function termFrequency(count: number, settings: WeightingSettings): number {
  if (settings.weighting === 'binary') return Math.sign(count);
  if (!settings.sublinear_tf || (count <= 1 && count >= -1)) return count;
  return count > 0 ? 1 + Math.log(count) : -1 - Math.log(-count);
}

/** What the values of a row are divided by; 1 for a row of zeros. */
export function rowNorm(values: Float64Array, length: number, norm: Norm): number {
  if (norm === 'none') return 1;
  let sum = 0;
  if (norm === 'l2') {
    for (let k = 0; k < length; k++) sum += values[k] * values[k];
    sum = Math.sqrt(sum);
  } else for (let k = 0; k < length; k++) sum += Math.abs(values[k]);
  return sum === 0 ? 1 : sum;
}
