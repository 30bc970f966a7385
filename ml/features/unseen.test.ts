import { describe, expect, it } from 'vitest';
import { paramsSchema } from '../params.ts';
import type { Csr } from './csr.ts';
import { asUnseen } from './unseen.ts';
import { fitVectorizer, type Vectorizer } from './vectorizer.ts';

const texts = [
  'a good film, good fun',
  'a bad film',
  'good acting in a good film',
  'bad bad bore',
  'a film 🙂',
  'plain',
];
const given = paramsSchema.parse({ feature_engineering: { polarity: ['vader'] } }).feature_engineering;
const held = Uint32Array.of(4, 0, 5);
const others = texts.filter((_, i) => !held.includes(i));

/** Value by block and n-gram. */
function named(x: Csr, row: number, { blocks, offsets }: Vectorizer): Record<string, number> {
  const terms = blocks.map(({ ngrams }) => ngrams.terms());
  const entries = Array.from({ length: x.start[row + 1] - x.start[row] }, (_, k): [string, number] => {
    const column = x.columns[x.start[row] + k];
    const block = offsets.findLastIndex((offset) => offset <= column);
    return [`${blocks[block].ngrams.unit} ${terms[block][column - offsets[block]]}`, x.values[x.start[row] + k]];
  });
  return Object.fromEntries(entries);
}

describe('held-out rows', () => {
  it.each(['l2', 'l1', 'none'] as const)(
    'are what a vectorizer makes that has learnt from the others, with norm %s',
    (norm) => {
      // Inverse document frequencies are those of all texts, so they are left out here.
      const block = { weighting: 'count', norm } as const;
      const settings = { ...given, word: { ...given.word!, ...block }, char: { ...given.char!, ...block } };
      const whole = fitVectorizer(texts, settings);
      const rows = asUnseen(whole.x, held);
      const { vectorizer } = fitVectorizer(others, settings);
      const expected = vectorizer.transform(Array.from(held, (i) => texts[i]));
      for (const row of held.keys()) {
        const own = named(rows, row, whole.vectorizer);
        const fresh = named(expected, row, vectorizer);
        expect(Object.keys(own).sort()).toEqual(Object.keys(fresh).sort());
        for (const [name, value] of Object.entries(own)) expect(value, name).toBeCloseTo(fresh[name], 5);
      }
      expect(rows.signs).toEqual(Uint8Array.of(1, 0, 0));
    },
  );

  it('stay as they are where nobody said which columns are n-grams', () => {
    const { x } = fitVectorizer(texts, given);
    const rows = asUnseen({ ...x, blocks: undefined }, held);
    for (const [at, i] of held.entries()) {
      expect(rows.values.slice(rows.start[at], rows.start[at + 1])).toEqual(x.values.slice(x.start[i], x.start[i + 1]));
    }
  });
});
