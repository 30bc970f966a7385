import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel, stampFacts } from './artifact.ts';
import { exportModel } from './export.ts';
import { LinearTextModel } from './linear_text_model.ts';

const folder = mkdtempSync(join(tmpdir(), 'model-'));
const path = join(folder, 'model.bin');
let model: LinearTextModel;

/** Forty texts over a few words, with the settings of tests. */
const reviews: Review[] = Array.from({ length: 40 }, (_, i) => {
  const label = (i % 2) as 0 | 1;
  const words = label ? ['good', 'warm', 'funny', 'great'] : ['bad', 'dull', 'thin', 'awful'];
  return { id: `${i}`, label, text: `a ${words[i % 4]} film with a ${words[(i >> 1) % 4]} cast &amp; story` };
});

beforeAll(() => {
  model = trainModel(reviews, readParams('ml/testdata/params.yaml'));
  saveModel(path, model.parts);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a model', () => {
  it('learns the training texts', () => {
    expect(model.predict('a warm and funny film').label).toBe('positive');
    expect(model.predict('dull and awful').label).toBe('negative');
  });

  it('returns finite numbers for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { probability, confidence, score } = model.predict(text);
        expect(probability).toBeGreaterThanOrEqual(0);
        expect(probability).toBeLessThanOrEqual(1);
        expect(confidence).toBeGreaterThanOrEqual(0.5);
        expect(Number.isFinite(score)).toBe(true);
      }),
    );
  });

  it('returns the bias for a text without known words', () => {
    const { score, bias, words, knownShare } = model.explain('');
    expect(score).toBe(bias);
    expect([words, knownShare]).toEqual([[], 0]);
  });

  it('does not answer where it knows no word, or fewer than its decision demands', () => {
    const strict = new LinearTextModel({ ...model.parts, decision: { least_known: 0.6 } });
    for (const [text, ours, theirs] of [
      ['good zzz', undefined, 'unknown'],
      ['good dull zzz', undefined, undefined],
      ['zzz qqq', 'unknown', 'unknown'],
      ['', 'unknown', 'unknown'],
    ] as const) {
      expect(model.predict(text).abstains, text).toBe(ours);
      expect(strict.predict(text).abstains, text).toBe(theirs);
    }
    saveModel(path, strict.parts);
    expect(readModel(path).predict('good zzz').abstains).toBe('unknown');
    saveModel(path, model.parts);
  });

  it('explains its score: bias and words add up to it', () => {
    const texts = fc.oneof(
      fc.constantFrom(...reviews.map((review) => review.text)),
      fc.string({ unit: fc.constantFrom('good ', 'not ', 'dull', ' but ', '. ', "wasn't ", 'bad', ' é', '&lt;') }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { score, bias, words } = model.explain(text);
        expect(words.reduce((sum, word) => sum + word.contribution, bias)).toBeCloseTo(score, 5);
        expect(score).toBe(model.predict(text).score);
      }),
    );
  });

  it('gives the position of each word in the given text', () => {
    const text = 'A <b>GOOD</b> ﬁlm, wasn’t it? Caf\u0065\u0301 &amp; dull\u2026';
    const { words } = model.explain(text);
    for (const word of words) expect(text.slice(word.start, word.end)).toBe(word.text);
    expect(words.map((word) => word.text)).toEqual(['A', 'GOOD', 'ﬁlm', 'was', 'n’t', 'it', '?', 'Cafe\u0301', 'dull']);
  });

  it('gives the share of words that it knows', () => {
    expect(model.explain('good zzz').knownShare).toBe(0.5);
  });
});

describe('an artifact', () => {
  it('gives the same scores to the last bit', () => {
    const loaded = readModel(path);
    expect(loaded.featureCount).toBe(model.featureCount);
    for (const { text } of reviews) expect(loaded.predict(text)).toEqual(model.predict(text));
    expect(loaded.explain(reviews[0].text)).toEqual(model.explain(reviews[0].text));
  });

  it('has the same bytes for the same training', () => {
    const again = join(folder, 'again.bin');
    saveModel(again, trainModel(reviews, readParams('ml/testdata/params.yaml')).parts);
    expect(readFileSync(again).equals(readFileSync(path))).toBe(true);
  });

  it('accepts facts added later and keeps its scores', () => {
    const stamped = join(folder, 'stamped.bin');
    const digest = stampFacts(path, stamped, { runId: 'r1', metrics: { accuracy: 0.8 } });
    const loaded = readModel(stamped);
    expect(loaded.digest).toBe(digest);
    expect(loaded.facts).toEqual({ ...model.facts, runId: 'r1', metrics: { accuracy: 0.8 } });
    for (const { text } of reviews) expect(loaded.predict(text)).toEqual(model.predict(text));
  });

  it('is refused if any byte was changed or it was cut short', () => {
    const bytes = readFileSync(path);
    const broken = join(folder, 'broken.bin');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.boolean(), (at, cut) => {
        const copy = Buffer.from(cut ? bytes.subarray(0, at) : bytes);
        if (!cut) copy[at] ^= 1;
        writeFileSync(broken, copy);
        expect(() => readModel(broken)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^MODEL_(DAMAGED|VERSION)$/) }),
        );
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a missing file', join(folder, 'none.bin'), 'MODEL_MISSING', /none\.bin/],
    ['a folder', folder, 'MODEL_MISSING', /cannot read/],
    ['a file of another kind', 'package.json', 'MODEL_DAMAGED', /does not start like a file of this project/],
  ])('is refused with its path and a code if it is %s', (_, where, code, message) => {
    expect(() => readModel(where)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});

describe('an export', () => {
  it('loads in ml-logistic-regression, with equal predictions', () => {
    const exported = exportModel(path);
    const library = LogisticRegression.load(JSON.parse(JSON.stringify(exported)));
    const texts = [...reviews.map((review) => review.text), 'not good', 'zzz', ''];
    const { vectorizer, normalize } = model.parts;
    const x = vectorizer.transform(
      texts.map((text) => (normalize.lowercase ? text.toLowerCase().replace('&amp;', '&') : text)),
    );
    const dense = Matrix.zeros(x.rowCount, exported.features.length);
    for (let i = 0; i < x.rowCount; i++) {
      for (let k = x.start[i]; k < x.start[i + 1]; k++) dense.set(i, x.columns[k], x.values[k]);
      dense.set(i, exported.features.length - 1, 1);
    }
    expect(library.predict(dense)).toEqual(texts.map((text) => model.predict(text).class));
  });

  it('names each column', () => {
    const { features } = exportModel(path);
    expect(features).toHaveLength(model.featureCount + 1);
    expect(features).toContain('word:good');
    expect(features.at(-1)).toBe('intercept:1');
  });
});
