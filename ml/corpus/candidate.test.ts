import { describe, expect, it } from 'vitest';
import { createLabeller, refuseAmbiguous } from './candidate.ts';
import type { ClassSettings } from './classes.ts';

const settings: ClassSettings = {
  positive_labels: ['positive', '1'],
  negative_labels: ['negative', '0', '-1'],
  neutral_labels: ['neutral'],
  neutral_band: 0,
};

describe('a label', () => {
  const judge = createLabeller(settings);

  it.each([
    ['positive', { label: 1 }],
    [' Positive\t', { label: 1 }],
    ['1.0', { label: 1 }],
    ['-1.00', { label: 0 }],
    ['NEGATIVE', { label: 0 }],
    ['Neutral', 'neutral'],
    ['mixed', 'unknown'],
    ['', 'unknown'],
    ['10', 'unknown'],
  ])('%j is judged by the lists', (label, judgement) => {
    expect(judge({ label })).toEqual(judgement);
  });

  it('must not be in two lists', () => {
    expect(() => createLabeller({ ...settings, neutral_labels: ['1.0'] })).toThrow(
      expect.objectContaining({
        code: 'LABELS_OVERLAP',
        message: 'data_ingestion: the label "1" counts both as positive and as neutral',
        exitCode: 2,
      }),
    );
    expect(() => createLabeller({ ...settings, positive_labels: ['yes', 'Yes'] })).not.toThrow();
  });
});

describe('the labels -1 and 0', () => {
  const all = { ...settings, negative_labels: ['negative', 'neg', '0', 'false', '-1'] };

  it('together are ambiguous unless somebody says what 0 means', () => {
    expect(() => refuseAmbiguous(all, ['1.0', '-1.0', '0.0'], 'a.csv')).toThrow(
      expect.objectContaining({ code: 'LABELS_AMBIGUOUS', exitCode: 2, next: expect.stringContaining('--neutral 0') }),
    );
    expect(() => refuseAmbiguous({ ...all, negative_labels: ['-1', '0'] }, ['1', '0', '-1'], 'a.csv')).not.toThrow();
    expect(() => refuseAmbiguous({ ...all, negative_labels: ['-1'] }, ['1', '0', '-1'], 'a.csv')).not.toThrow();
  });

  it('alone are not', () => {
    expect(() => refuseAmbiguous(all, ['0', '1'], 'a.csv')).not.toThrow();
    expect(() => refuseAmbiguous(all, ['-1', '1', 'negative'], 'a.csv')).not.toThrow();
  });
});

describe('a rating', () => {
  it.each([
    [0.45, 0, { label: 1, rating: 0.45 }],
    [' -2.5 ', 0, { label: 0, rating: -2.5 }],
    ['1e-9', 0, { label: 1, rating: 1e-9 }],
    ['0', 0, 'neutral'],
    ['-0.0', 0, 'neutral'],
    [0.5, 0.5, 'neutral'],
    [-0.51, 0.5, { label: 0, rating: -0.51 }],
    ['', 0, 'unknown'],
    [' ', 0, 'unknown'],
    ['4,5', 0, 'unknown'],
    ['NaN', 0, 'unknown'],
    ['Infinity', 0, 'unknown'],
  ])('%j with a neutral band of %d is judged by its sign', (rating, neutral_band, judgement) => {
    expect(createLabeller({ ...settings, neutral_band })({ rating })).toEqual(judgement);
  });
});
