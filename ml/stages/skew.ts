/**
 * The check for train/serve skew, on every run: the stored rows of feature_engineering and the service's path from the
 * raw text must give the same scores, to the last bit.
 */
import type { Review } from '../corpus/review.ts';
import { SentimentError } from '../errors.ts';
import { type Csr, dot } from '../features/csr.ts';
import type { LinearTextModel } from '../model/linear_text_model.ts';

/**
 * Compares the score of each row of `x` with the score of its raw text. `ids` are the rows' reviews; `raw` holds at least
 * these. Returns the number of comparisons. Throws SKEW for the first text that differs.
 */
export function checkSkew(
  model: LinearTextModel,
  x: Csr,
  ids: readonly string[],
  raw: readonly Pick<Review, 'id' | 'text'>[],
): number {
  const { weights, intercept, calibration } = model.parts;
  const texts = new Map(raw.map(({ id, text }) => [id, text]));
  ids.forEach((id, row) => {
    const text = texts.get(id);
    const stored = calibration.slope * (dot(x, row, weights) + intercept) + calibration.offset;
    const served = text === undefined ? Number.NaN : model.score(text);
    if (!Object.is(stored, served)) {
      throw new SentimentError(
        'SKEW',
        `text ${id} scores ${stored} by its stored features and ${served} as it would be served: training and serving differ`,
        { next: 'run dvc repro --force; if that does not help, report a fault of the analyzer with this text' },
      );
    }
  });
  return ids.length;
}
