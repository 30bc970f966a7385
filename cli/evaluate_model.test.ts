import { expect, test } from 'vitest';
import type { Review } from '../ml/corpus/review.ts';
import { evaluationOf, formatEvaluation, mistakesCsv } from './evaluate_model.ts';

const scored = { labels: Uint8Array.of(1, 1, 1, 0, 0), probabilities: Float64Array.of(0.9, 0.8, 0.1, 0.2, 0.6) };
const names = ['negative', 'positive'];
const settings = { calibration_bins: 10, bootstrap_samples: 50, seed: 1 };

test('shows accuracy with its interval, the confusion matrix and each class', () => {
  const lines = formatEvaluation(evaluationOf(scored, names, settings)).split('\n');
  expect(lines.slice(0, 10)).toEqual([
    '5 texts, 3 positive, 2 negative',
    '',
    'accuracy 0.6000, 95 % interval 0.2307 to 0.8824',
    '',
    'label       predicted negative  predicted positive',
    'negative                     1                   1',
    'positive                     1                   2',
    '',
    'class       precision     recall         f1      texts',
    'negative       0.5000     0.5000     0.5000          2',
  ]);
  expect(lines.find((line) => line.startsWith('roc_auc'))).toMatch(/^roc_auc +0\.6667 +0\.\d{4}$/);
});

test('lists the mistakes, the most confident first', () => {
  const reviews: Review[] = ['a', 'b', 'not, bad', 'd', 'e'].map((text, i) => {
    return { id: `${i + 2}`, text, label: scored.labels[i] === 1 ? 1 : 0 };
  });
  expect(mistakesCsv(reviews, scored, names)).toBe(
    'id,label,predicted,confidence,text\n4,positive,negative,0.9000,"not, bad"\n6,negative,positive,0.6000,e\n',
  );
});
