import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { createNormalizer } from '../text/normalize.ts';
import { trainModel } from '../training.ts';
import { checkSkew } from './skew.ts';

const params = readParams('ml/testdata/params.yaml');
const reviews: Review[] = Array.from({ length: 20 }, (_, i) => ({
  id: `r${i}`,
  label: (i % 2) as 0 | 1,
  text: i % 2 ? 'A <b>good</b> film &amp; not dull, but long' : "It wasn't good; a DULL film",
}));
const model = trainModel(reviews, params);
const normalize = createNormalizer(params.data_preprocessing);
const x = model.parts.vectorizer.transform(reviews.map((review) => normalize(review.text)));

describe('the check for train/serve skew', () => {
  it('passes if stored features and served texts have equal scores', () => {
    expect(checkSkew(model, x, reviews)).toBe(20);
  });

  it('aligns rows by position: ids may repeat, and empty texts have no row', () => {
    const same = reviews.map((review) => ({ ...review, id: 'r7' }));
    const withEmpty = [{ id: 'r7', text: '<br/>' }, ...same.slice(0, 5), { id: 'r7', text: '  ' }, ...same.slice(5)];
    expect(checkSkew(model, x, withEmpty)).toBe(20);
  });

  it('names the first text whose last bit differs', () => {
    const changed = { ...x, values: x.values.slice() };
    changed.values[changed.start[3]] += 1e-7;
    expect(() => checkSkew(model, changed, reviews)).toThrow(/^text r3 scores -?\d+\.\d+ by its stored features/);
  });

  it('counts rows and texts if one is missing', () => {
    expect(() => checkSkew(model, x, reviews.slice(1))).toThrow(
      'the stored features have 20 rows, but 19 texts are not empty when normalised: training and serving differ',
    );
  });
});
