import { expect, test } from 'vitest';
import type { Review } from '../corpus/review.ts';
import type { Prediction } from '../model/types.ts';
import { chooseExamples } from './model_card.ts';

const classes = ['negative', 'positive'];
/** Sure that a text with "good" is positive and all others are negative; unsure of those with "maybe". */
const model = {
  classes,
  predict: (text: string) =>
    ({ class: text.includes('good') ? 1 : 0, confidence: text.includes('maybe') ? 0.6 : 0.9 }) as Prediction,
};
const review = (domain: string, label: number, text: string): Review => ({ id: text, domain, label, text });
const LONG = 'and here are more words, so that it is long enough';

test('examples are short texts that the model answers rightly and surely, of all domains and classes', () => {
  const reviews = [
    review('films', 1, `a good one ${LONG}`),
    review('films', 1, `also good ${LONG}`),
    review('films', 1, `wrongly labelled ${LONG}`),
    review('films', 0, `a bad one ${LONG}`),
    review('shop', 0, `maybe bad ${LONG}`),
    review('shop', 1, `good at last ${LONG}`),
    review('shop', 0, 'short'),
    review('shop', 0, `an address of a person, @jane ${LONG}`),
    review('shop', 0, LONG.repeat(9)),
  ];
  const chosen = chooseExamples(model, reviews, 3);
  expect(chosen).toEqual([
    { text: `a bad one ${LONG}`, label: 'negative' },
    { text: `a good one ${LONG}`, label: 'positive' },
    { text: `good at last ${LONG}`, label: 'positive' },
  ]);
  expect(chooseExamples(model, reviews, 9)).toHaveLength(4);
  expect(chooseExamples(model, reviews, 0)).toEqual([]);
});
