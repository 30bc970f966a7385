import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { nameOfSources, paramsSchema, readParams, sectionsOfModel } from './params.ts';
import { YamlFile } from './yaml_file.ts';

const text = readFileSync('ml/testdata/params.yaml', 'utf8');
const parseParams = (given: string, path: string) => new YamlFile(given, path, 'params').check(paramsSchema);

describe('params.yaml', () => {
  it('as shipped is valid', () => {
    expect(() => readParams()).not.toThrow();
  });

  // The copy that tests train with, so that whoever changes params.yaml for a model of their own breaks no test.
  it('as shipped has the defaults of the schema, so that every key may be left out', () => {
    const { feature_engineering, model_building, ...others } = parseParams('', 'params.yaml');
    expect(parseParams(text, 'params.yaml')).toEqual({
      ...others,
      // Tests with few texts are quick without them.
      feature_engineering: { ...feature_engineering, polarity: [], prior: 'none' },
      model_building: { ...model_building, nb_blend: 0 },
    });
    expect(parse(text)).toMatchObject({ model_building: { classifier: 'logistic_regression', C: 5 } });
  });

  it('of an older version, with keys and sections left out, is filled with the defaults', () => {
    const older =
      'model_building:\n  C: 2\nfeature_engineering:\n  char: null\n  word: { ngrams: [1, 1] }\ndata_ingestion:\n';
    const defaults = parseParams('', 'params.yaml');
    expect(parseParams(older, 'params.yaml')).toEqual({
      ...defaults,
      model_building: { ...defaults.model_building, C: 2 },
      feature_engineering: {
        ...defaults.feature_engineering,
        word: { ...defaults.feature_engineering.word, ngrams: [1, 1] },
        char: null,
      },
    });
  });

  it('are stored with a model without the secrets that an address of the command line holds', () => {
    const params = parseParams('', 'params.yaml');
    const data_ingestion = { ...params.data_ingestion, source: 'https://example.org/a.csv?sig=51gn4ture' };
    const stored = [nameOfSources(data_ingestion), sectionsOfModel({ ...params, data_ingestion })];
    expect(JSON.stringify(stored)).not.toContain('51gn4ture');
    expect(stored[0]).toBe('https://example.org/a.csv?sig=***');
  });

  it('has a description for every key', () => {
    const { properties } = z.toJSONSchema(paramsSchema, { io: 'input' });
    for (const [name, section] of Object.entries(properties ?? {})) {
      const keys = Object.entries((section as z.core.JSONSchema.JSONSchema).properties ?? {});
      expect(keys.length, name).toBeGreaterThan(1);
      for (const [key, field] of keys) expect(field, `${name}.${key}`).toHaveProperty('description');
    }
  });

  it('cannot name a classifier that is not linear, and says which are', () => {
    expect(() => parseParams('model_building: { classifier: random_forest }', 'my.yaml')).toThrow(
      /^my\.yaml:1: model_building\.classifier: this classifier is not linear.*multinomial_naive_bayes/,
    );
  });

  it.each([
    'source: https://bucket.s3.amazonaws.com/a.csv?X-Amz-Signature=51gn4ture',
    'sources: [a.csv, { source: "https://ann:51gn4ture@example.org/a.csv" }]',
    'test_source: https://example.org/a.csv?token=51gn4ture',
  ])('refuses a secret address, which would be written with the settings, and says what to do: %s', (setting) => {
    const check = () => parseParams(`data_ingestion:\n  ${setting}\n`, 'params.yaml');
    expect(check).toThrow(/source: it holds a signature, a token or a password, .*name that: env:REVIEWS_URL/);
    expect(check).not.toThrow(/51gn4ture/);
  });

  it.each([
    ['a value out of range', 'C: 5', 'C: -1', /^params\.yaml:\d+: model_building\.C: .*\(got -1\)/],
    ['a word that is no choice', 'penalty: l2', 'penalty: l3', /model_building\.penalty: .*"l2".*\(got "l3"\)/],
    ['a misspelt name', '\n  C: 5', '\n  c: 5', /^params\.yaml:\d+: model_building\.c: unknown setting/],
    ['an unknown section', 'model_building:', 'building:', /^params\.yaml:\d+: building: unknown setting/],
    [
      'ranges upside down',
      'ngrams: [3, 6]',
      'ngrams: [6, 3]',
      /feature_engineering\.char\.ngrams: the first exceeds the second/,
    ],
    ['broken YAML', 'data_ingestion:', 'data_ingestion: [', /^params\.yaml:\d+ is not valid YAML/],
  ])('with %s is refused by file, line and field', (_, from, to, message) => {
    expect(() => parseParams(text.replace(from, to), 'params.yaml')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode: 2 }),
    );
  });

  it('with an error is told the line, the meaning and the default of the field', () => {
    const lines = text.split('\n');
    const line = lines.findIndex((one) => one.startsWith('  C: ')) + 1;
    expect(() => parseParams(text.replace('\n  C: 5', '\n  C: 0'), 'params.yaml')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`params.yaml:${line}: `),
        next: expect.stringMatching(/^C: Inverse strength .* The default is 5\.$/),
      }),
    );
  });

  it('that is missing is named', () => {
    expect(() => readParams('no/such.yaml')).toThrow('cannot read no/such.yaml');
  });
});

describe('data_ingestion.sources', () => {
  const sources = (...entries: string[]) =>
    `data_ingestion:\n  sources:\n${entries.map((entry) => `    - ${entry}\n`).join('')}`;

  it('are names, or maps that keep only what they say', () => {
    const given = sources('embedded:nyt', '{ source: a.csv, text_column: [title, text], weight: 0.5, domain: shop }');
    expect(parseParams(given, 'params.yaml').data_ingestion.sources).toEqual([
      { source: 'embedded:nyt' },
      { source: 'a.csv', text_column: ['title', 'text'], weight: 0.5, domain: 'shop' },
    ]);
  });

  it.each([
    [
      'an unknown key',
      ['embedded:nyt', '{ source: a.csv, colour: red }'],
      /^params\.yaml:4: .*sources\.1\.colour: unknown setting/,
      /source, text_column,/,
    ],
    [
      'a weight of 0',
      ['{ source: a.csv, weight: 0 }'],
      /^params\.yaml:3: .*sources\.0\.weight: .*\(got 0\)/,
      /how much a text/i,
    ],
    [
      'a domain that metrics cannot be named after',
      ['{ source: a.csv, domain: "a b" }'],
      /sources\.0\.domain: letters, digits/,
      /kind of texts/i,
    ],
    [
      'a domain that looks like a standard error',
      ['{ source: a.csv, domain: se }'],
      /names that end in se stand for standard errors/,
      /kind of texts/i,
    ],
    ['an entry without a source', ['{ weight: 2 }'], /^params\.yaml:3: .*sources\.0\.source: /, /embedded:all/],
    ['no entry', [], /sources: /, /several sources/i],
  ])('with %s are refused with the line and the next step', (_, entries, message, next) => {
    const refuse = () =>
      parseParams(entries.length > 0 ? sources(...entries) : 'data_ingestion:\n  sources: []\n', 'params.yaml');
    expect(refuse).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringMatching(message),
        next: expect.stringMatching(next),
      }),
    );
  });
});
