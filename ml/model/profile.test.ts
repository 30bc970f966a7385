import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { createAnalyzer } from '../text/analyzer.ts';
import { createNormalizer } from '../text/normalize.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel } from './artifact.ts';
import { bucketOf, type Signal, STANDARD_BOUNDS } from './profile.ts';
import { readSections, writeSections } from './sections.ts';

const folder = mkdtempSync(join(tmpdir(), 'profile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const params = readParams('ml/testdata/params.yaml');
const reviewsOf = (texts: string[]): Review[] =>
  texts.map((text, i) => ({ id: `${i}`, label: (i % 2) as 0 | 1, text }));
const texts = Array.from({ length: 40 }, (_, i) => (i % 2 ? 'a warm good film' : 'a dull bad film again'));

describe('the profile of the training texts', () => {
  it('counts every text once in each signal', () => {
    const { profile } = trainModel(reviewsOf(texts), params);
    for (const signal of Object.keys(STANDARD_BOUNDS) as Signal[]) {
      const distribution = profile?.[signal];
      expect(distribution?.bounds).toEqual(STANDARD_BOUNDS[signal]);
      expect(
        distribution?.counts.reduce((sum, count) => sum + count, 0),
        signal,
      ).toBe(40);
    }
    // Twenty texts of four words, twenty of five.
    expect(profile?.length.counts.slice(0, 4)).toEqual([0, 20, 20, 0]);
    expect(profile?.mean_confidence).toBeGreaterThan(0.5);
  });

  it('counts a word as unknown if no other training text has it', () => {
    const { profile } = trainModel(reviewsOf([...texts.slice(1), 'a warm good xylophone']), params);
    // One word of four: in the bucket up to 0.3.
    expect(profile?.unknown_share.counts).toEqual([39, 0, 0, 0, 0, 1, 0, 0, 0]);
  });

  it('has no probabilities without out-of-fold scores', () => {
    const uncalibrated = { ...params, model_building: { ...params.model_building, calibration: 'none' as const } };
    const { profile } = trainModel(reviewsOf(texts), uncalibrated);
    expect([profile?.probability, profile?.mean_confidence]).toEqual([null, null]);
  });

  it('is in the artifact, byte for byte the same for the same texts', () => {
    const model = trainModel(reviewsOf(texts), params);
    const digests = ['one.bin', 'two.bin'].map((name) =>
      saveModel(join(folder, name), trainModel(reviewsOf(texts), params).parts),
    );
    expect(digests[0]).toBe(digests[1]);
    expect(readModel(join(folder, 'one.bin')).profile).toEqual(model.profile);
  });
});

describe('an artifact', () => {
  const withProfile = (name: string, profile: unknown) => {
    const path = join(folder, name);
    saveModel(path, trainModel(reviewsOf(texts), params).parts);
    const { fields, sections } = readSections(path, 'sentiment model');
    writeSections(path, 'sentiment model', { ...fields, profile }, sections);
    return path;
  };

  it('without a profile loads and predicts', () => {
    const model = readModel(withProfile('old.bin', undefined));
    expect(model.profile).toBeUndefined();
    expect(model.predict('a warm good film').label).toBe('positive');
  });

  it('with a profile of a later version loads without it', () => {
    expect(readModel(withProfile('later.bin', { version: 2 })).profile).toBeUndefined();
  });

  it('with a broken profile is damaged', () => {
    const path = withProfile('broken.bin', { version: 1, length: { bounds: [1, 2], counts: [1] } });
    expect(() => readModel(path)).toThrow(/profile\.length is .* not a distribution/);
  });
});

describe('the counts of a prediction', () => {
  const model = trainModel(reviewsOf(texts), params);

  it('are all tokens and the unknown ones, in predict and in explain', () => {
    const zebra = model.predict('a warm zebra, dear xylophone');
    const good = model.explain('good');
    expect(zebra).toMatchObject({ tokens: 5, unknownTokens: 3 });
    expect(good).toMatchObject({ tokens: 1, unknownTokens: 0 });
  });

  it('include no unknown tokens if no feature is a single word', () => {
    const charactersOnly = { ...params.feature_engineering, word: null };
    const { char } = params.feature_engineering;
    const pairsOnly = { ...charactersOnly, word: char && { ...char, ngrams: [2, 2] as [number, number] } };
    for (const feature_engineering of [charactersOnly, pairsOnly]) {
      const other = trainModel(reviewsOf(texts), { ...params, feature_engineering });
      expect(other.predict('a zebra')).toMatchObject({ tokens: 2, unknownTokens: 0 });
      expect(other.explain('warm ####').knownShare).toBe(1);
      expect(other.profile?.unknown_share.counts[0]).toBe(40);
    }
  });

  it('are those of the vocabulary for any text, in predict and in explain', () => {
    const { vectorizer, normalize } = model.parts;
    const terms = new Set(vectorizer.singleWords!.terms());
    // Of its own words, so that each token has its letters.
    const analyze = createAnalyzer(vectorizer.settings);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('warm ', 'zebra ', 'dull', '. ', "isn't ", 'é', '!') }), (text) => {
        const tokens = analyze(createNormalizer(normalize)(text));
        const words = Array.from({ length: tokens.count }, (_, i) => tokens.word(i));
        const known = words.filter((word) => terms.has(word)).length;
        const counts = { tokens: words.length, unknownTokens: words.length - known };
        expect(model.predict(text)).toMatchObject(counts);
        expect(model.explain(text)).toMatchObject({
          ...counts,
          knownShare: words.length === 0 ? 0 : known / words.length,
        });
      }),
    );
  });
});

it('bucketOf finds the first bound that is not below the value', () => {
  expect([0, 1, 1.5, 2, 3].map((value) => bucketOf([1, 2], value))).toEqual([0, 0, 1, 1, 2]);
  expect(bucketOf(STANDARD_BOUNDS.length, Number.POSITIVE_INFINITY)).toBe(STANDARD_BOUNDS.length.length);
});
