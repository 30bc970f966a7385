/**
 * The check for train/serve skew, on every run: the stored rows of feature_engineering and the service's path from the
 * raw text must give the same scores, to the last bit.
 */
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';
import { type Csr, scoreRow } from '../features/csr.ts';
import { calibrated, type LinearTextModel } from '../model/linear_text_model.ts';
import { createNormalizer } from '../text/normalize.ts';

/**
 * Compares the score of each row of `x` with the score of its raw text. Row r belongs to the r-th text that is not empty
 * after normalisation, because data_preprocessing leaves out the empty ones. Rows are matched by position: ids are the
 * user's and may repeat. Returns the number of comparisons. Throws SKEW for the first text that differs, or if there are
 * more or fewer texts than rows.
 */
export function checkSkew(model: LinearTextModel, x: Csr, raw: readonly Pick<Review, 'id' | 'text'>[]): number {
  const { weights, intercepts, calibration } = model.parts;
  const normalize = createNormalizer(model.parts.normalize);
  const texts = raw.filter(({ text }) => normalize(text).trim() !== '');
  if (texts.length !== x.rowCount) {
    throw skew(`the stored features have ${x.rowCount} rows, but ${texts.length} texts are not empty when normalised`);
  }
  texts.forEach(({ id, text }, row) => {
    const sums = new Float64Array(intercepts.length);
    scoreRow(x, row, weights, sums);
    const stored = calibrated(sums, intercepts, calibration, x.signs?.[row] === 1);
    const served = model.scores(text);
    if (stored.some((score, k) => !Object.is(score, served[k]))) {
      throw skew(
        `text ${id} scores ${describe(stored)} by its stored features and ${describe(served)} as it would be served`,
      );
    }
  });
  return texts.length;
}

function describe(scores: Float64Array): string {
  return scores.join(', ');
}

function skew(finding: string): SentimentError {
  return new SentimentError('SKEW', `${finding}: training and serving differ`, {
    next: 'run dvc repro --force; if that does not help, report a fault of the analyzer with this text',
  });
}
