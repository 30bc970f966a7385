/** An artifact whose arrays are in order and whose scores are not is refused, however it came to be. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel } from './artifact.ts';
import { readSections, type Section, writeSections } from './sections.ts';

const KIND = 'sentiment model';
const folder = mkdtempSync(join(tmpdir(), 'self-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const sound = join(folder, 'sound.bin');
const changed = join(folder, 'changed.bin');

const reviews: Review[] = Array.from({ length: 40 }, (_, i) => {
  const label = (i % 2) as 0 | 1;
  return { id: `${i}`, label, text: `a ${label ? 'good' : 'bad'} film, number ${i}` };
});
saveModel(sound, trainModel(reviews, readParams('ml/testdata/params.yaml')).parts);
const { fields, sections } = readSections(sound, KIND);

function write(given: Record<string, unknown>, other: Record<string, Section | undefined> = {}): void {
  const all = new Map([...sections, ...Object.entries(other)].flatMap(([name, one]) => (one ? [[name, one]] : [])));
  for (const [name, section] of Object.entries(other)) if (!section) all.delete(name);
  writeSections(changed, KIND, { ...fields, ...given }, all);
}

const refusal = /is damaged: text ".*" of its self-test has the score \S+, not \S+ as when it was saved$/;

test.each<[string, Record<string, unknown>, Record<string, Section>]>([
  ['other weights', {}, { weights: Float32Array.from(sections.get('weights')!, (weight) => -weight) }],
  ['weights in another order', {}, { weights: Float32Array.from(sections.get('weights')!).reverse() }],
  ['another intercept', { intercept: (fields.intercept as number) + 0.01 }, {}],
  ['another calibration', { calibration: { slope: 2, offset: 0 } }, {}],
  ['other rules for texts', { normalize: { ...(fields.normalize as object), lowercase: false } }, {}],
  ['another weighting', { vectorizer: { ...(fields.vectorizer as object), negation_weight: 3 } }, {}],
])('a model with %s is refused', (_, given, other) => {
  write(given, other);
  expect(() => readModel(changed)).toThrow(
    expect.objectContaining({ code: 'MODEL_DAMAGED', message: expect.stringMatching(refusal) }),
  );
});

test('a score that differs in the last bits is none: a later program may add in another order', () => {
  const scores = sections.get('self_test') as Float64Array<ArrayBuffer>;
  write({}, { self_test: scores.map((score) => score * (1 + 1e-9)) });
  expect(readModel(changed).predict('a good film')).toEqual(readModel(sound).predict('a good film'));
});

test('a model without a self-test is read, and that is told', () => {
  const warn = vi.fn();
  write({ self_test: undefined }, { self_test: undefined });
  readModel(changed, { warn });
  readModel(sound, { warn });
  expect(warn.mock.calls).toEqual([[`${changed} carries no self-test: it was made before models did`]]);
});

test('the self-test of a later version is not read', () => {
  write({ self_test: { version: 2, kind: 'better' } }, { self_test: undefined });
  expect(readModel(changed).predict('a good film').label).toBe('positive');
});
