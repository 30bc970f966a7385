import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseParams, readParams } from './params.ts';

const text = readFileSync('ml/testdata/params.yaml', 'utf8');

describe('params.yaml', () => {
  it('as shipped is valid', () => {
    expect(() => readParams()).not.toThrow();
  });

  it.each([
    ['a value out of range', 'C: 5', 'C: -1', /^params\.yaml:\d+: model_building\.C: .*\(got -1\)/],
    ['a word that is no choice', 'penalty: l2', 'penalty: l3', /model_building\.penalty: .*"l2".*\(got "l3"\)/],
    ['a misspelt name', 'C: 5', 'c: 5', /model_building/],
    [
      'ranges upside down',
      'ngrams: [3, 6]',
      'ngrams: [6, 3]',
      /feature_engineering\.char\.ngrams: the first exceeds the second/,
    ],
    ['broken YAML', 'data_ingestion:', 'data_ingestion: [', /is not valid YAML/],
  ])('with %s is refused by file, line and field', (_, from, to, message) => {
    expect(() => parseParams(text.replace(from, to), 'params.yaml')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode: 2 }),
    );
  });

  it('that is missing is named', () => {
    expect(() => readParams('no/such.yaml')).toThrow('cannot read no/such.yaml');
  });
});
