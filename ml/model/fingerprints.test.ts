import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { nearDuplicateKey } from '../corpus/duplicates.ts';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel, stampFacts } from './artifact.ts';
import { Fingerprints } from './fingerprints.ts';
import { readSections, writeSections } from './sections.ts';

const keys = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => hash('sha256', `text ${from + i}`, 'base64url').slice(0, 12));
const ROOM = 1e9;

describe('fingerprints', () => {
  it('recognise every text that went in, as hashes and as a filter of any size', () => {
    const sizes = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(sizes, fc.nat(5000), (count, bytes) => {
        const known = keys(0, count);
        const fingerprints = Fingerprints.of(known, bytes);
        expect(fingerprints.facts.texts).toBe(count);
        expect(fingerprints.facts.kind).toBe(8 * count <= bytes ? 'hashes' : 'filter');
        expect(fingerprints.words.byteLength).toBeLessThanOrEqual(Math.max(8, bytes));
        expect(known.every((key) => fingerprints.has(key))).toBe(true);
        expect(fingerprints.wrong()).toBeUndefined();
      }),
    );
  });

  it('as hashes take no other text for a known one', () => {
    const fingerprints = Fingerprints.of(keys(0, 2000), ROOM);
    expect(fingerprints.facts).toMatchObject({ kind: 'hashes', false_positive_rate: 0 });
    expect(keys(2000, 12_000).filter((key) => fingerprints.has(key))).toEqual([]);
  });

  it.each([20_000, 12_500, 5_000, 1_000])('as a filter of %d bytes err as often as they say', (bytes) => {
    const fingerprints = Fingerprints.of(keys(0, 10_000), bytes);
    const found = keys(10_000, 40_000).filter((key) => fingerprints.has(key)).length / 30_000;
    const { false_positive_rate: rate } = fingerprints.facts;
    expect(Math.abs(found - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / 30_000) + 0.001);
    // (1 - e^-kn/m)^k with the best k (Bloom 1970).
    const perText = Math.min(10, (8 * bytes) / 10_000);
    expect(rate).toBeLessThan(1.15 * 2 ** (-perText * Math.LN2) + 0.02);
  });

  it('do not depend on the order of the texts or on repeated ones', () => {
    const some = keys(0, 500);
    for (const bytes of [ROOM, 500]) {
      const again = Fingerprints.of([...some].reverse().concat(some), bytes);
      expect(again).toEqual(Fingerprints.of(some, bytes));
    }
  });
});

describe('the fingerprints of an artifact', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fingerprints-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const params = readParams('ml/testdata/params.yaml');
  const reviews: Review[] = Array.from({ length: 3000 }, (_, i) => {
    const label = (i % 2) as 0 | 1;
    return {
      id: `${i}`,
      label,
      text: `${label ? 'good' : 'bad'} Tom &amp; Ann ${i % 10} ${'a'.repeat(i % 7)} no. ${i}`,
    };
  });
  const tiny = { ...params, feature_engineering: { ...params.feature_engineering, char: null } };
  tiny.feature_engineering.word = { ...params.feature_engineering.word!, ngrams: [1, 1], max_features: 50 };

  it.each([
    ['hashes', params, reviews.slice(0, 40)],
    ['filter', tiny, reviews],
  ])(
    'as %s are within 10 %% of the file or 16 KiB, and know the texts as given and as normalised',
    (kind, settings, texts) => {
      const path = join(folder, kind);
      saveModel(path, trainModel(texts, settings).parts);
      const { fingerprints } = readModel(path).parts;
      expect(fingerprints?.facts.kind).toBe(kind);
      expect(fingerprints!.words.byteLength).toBeLessThanOrEqual(Math.max(0.1 * statSync(path).size, 2 ** 14));
      expect(fingerprints?.facts.false_positive_rate).toBeLessThan(0.02);
      for (const { text } of texts) {
        expect(fingerprints!.has(nearDuplicateKey(text))).toBe(true);
        expect(fingerprints!.has(nearDuplicateKey(text.replace('&amp;', '&')))).toBe(true);
      }
      const stamped = join(folder, 'stamped');
      stampFacts(path, stamped, { runId: 'r1' });
      expect(readModel(stamped).parts.fingerprints).toEqual(fingerprints);
    },
  );

  it('may be missing, as in artifacts of earlier versions, or of a later version', () => {
    const path = join(folder, 'old');
    const { fingerprints: _, ...parts } = trainModel(reviews.slice(0, 40), params).parts;
    saveModel(path, parts);
    expect(readModel(path).parts.fingerprints).toBeUndefined();
    expect(readModel(path).predict('good')).toBeDefined();
    const { fields, sections } = readSections(path, 'sentiment model');
    writeSections(path, 'sentiment model', { ...fields, fingerprints: { version: 2, kind: 'better' } }, sections);
    expect(readModel(path).parts.fingerprints).toBeUndefined();
  });

  it.each([
    ['without their section', { version: 1, kind: 'hashes', texts: 2, probes: 0, false_positive_rate: 0 }, undefined],
    ['of another number', { version: 1, kind: 'hashes', texts: 2, probes: 0, false_positive_rate: 0 }, [1, 1]],
    ['in disorder', { version: 1, kind: 'hashes', texts: 2, probes: 0, false_positive_rate: 0 }, [1, 2, 1, 1]],
    ['in an empty filter', { version: 1, kind: 'filter', texts: 2, probes: 3, false_positive_rate: 0 }, []],
    ['of no kind', { version: 1, kind: 'list', texts: 2, probes: 0, false_positive_rate: 0 }, [1, 1, 2, 2]],
  ])('%s are refused', (_, facts, words) => {
    const path = join(folder, 'damaged');
    const { fingerprints: _none, ...parts } = trainModel(reviews.slice(0, 40), params).parts;
    saveModel(path, parts);
    const { fields, sections } = readSections(path, 'sentiment model');
    const all = new Map(sections);
    if (words) all.set('fingerprints', Uint32Array.from(words));
    writeSections(path, 'sentiment model', { ...fields, fingerprints: facts }, all);
    expect(() => readModel(path)).toThrow(
      expect.objectContaining({ code: 'MODEL_DAMAGED', message: expect.stringContaining('fingerprints') }),
    );
  });
});
