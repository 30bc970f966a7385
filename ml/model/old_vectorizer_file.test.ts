import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { type Params, readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel } from './artifact.ts';
import { readSections, type Section, writeSections } from './sections.ts';

const KIND = 'sentiment model';
const folder = mkdtempSync(join(tmpdir(), 'format-1-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const words = ['good', 'bad', 'not', 'dull', 'a', 'warm', "isn't", '😀', 'film', 'story'];
const reviews: Review[] = Array.from({ length: 60 }, (_, i) => {
  const text = Array.from({ length: 7 }, (_, k) => words[(i * (k + 3) + k * k) % words.length]).join(' ');
  return { id: `${i}`, label: (i % 2) as 0 | 1, text: `${i % 2 ? 'great' : 'awful'} ${text}` };
});

const { feature_engineering, ...params }: Params = readParams('ml/testdata/params.yaml');
const settings: [string, Params['feature_engineering']][] = [
  ['words and characters', feature_engineering],
  [
    'n-grams of two to four words',
    { ...feature_engineering, word: { ...feature_engineering.word!, ngrams: [2, 4] }, char: null },
  ],
  ['characters alone', { ...feature_engineering, word: null }],
];

/** The model as a file of format 1 held it: the letters of every n-gram and an idf for each column. */
function writeFormat1(path: string, from: string, change: (sections: Map<string, Section>) => void = () => {}): void {
  const { fields, sections } = readSections(from, KIND);
  const old = new Map([...sections].filter(([name]) => !/^(words?|char)\./.test(name)));
  for (const { ngrams, idf } of readModel(from).parts.vectorizer.blocks) {
    const terms = ngrams.terms();
    const ends = terms.map((_, j) => terms.slice(0, j + 1).join('').length);
    old.set(
      `${ngrams.unit}.codes`,
      Uint16Array.from(
        [...terms.join('')].flatMap((char) => char.split('')),
        (code) => code.charCodeAt(0),
      ),
    );
    old.set(`${ngrams.unit}.offsets`, Uint32Array.of(0, ...ends));
    old.set(
      `${ngrams.unit}.idf`,
      Float64Array.from(idf.of, (place) => idf.values[place]),
    );
  }
  change(old);
  writeSections(path, KIND, fields, old);
  const bytes = readFileSync(path).subarray(0, -32);
  bytes.writeUInt32LE(1, 8);
  writeFileSync(path, Buffer.concat([bytes, createHash('sha256').update(bytes).digest()]));
}

it.each(settings)(
  'a model of format 1 with %s answers and explains as it did, and is saved as one of today',
  (_, own) => {
    const [today, old, again] = ['today', 'old', 'again'].map((name) => join(folder, name));
    const model = trainModel(reviews, { ...params, feature_engineering: own });
    saveModel(today, model.parts);
    writeFormat1(old, today);
    const texts = [...reviews.map(({ text }) => text), 'a good film, not dull!', 'unseen filmy goodness', ''];
    saveModel(again, readModel(old).parts);
    for (const path of [old, again]) {
      const loaded = readModel(path);
      for (const text of texts) {
        expect(loaded.predict(text)).toEqual(model.predict(text));
        expect(loaded.explain(text)).toEqual(model.explain(text));
      }
    }
  },
);

it.each<[string, (sections: Map<string, Section>) => void]>([
  [
    'a term twice',
    (sections) => sections.set('word.codes', (sections.get('word.codes') as Uint16Array<ArrayBuffer>).fill(97)),
  ],
  [
    'an empty term',
    (sections) =>
      sections.set('word.offsets', (sections.get('word.offsets') as Uint32Array<ArrayBuffer>).fill(0, 1, 2)),
  ],
  ['letters cut short', (sections) => sections.set('char.codes', sections.get('char.codes')!.slice(1))],
  ['an idf too few', (sections) => sections.set('char.idf', sections.get('char.idf')!.slice(1))],
  ['no terms', (sections) => sections.delete('word.codes')],
])('one with %s is refused', (_, change) => {
  const [today, old] = ['sound', 'damaged'].map((name) => join(folder, name));
  saveModel(today, trainModel(reviews, { ...params, feature_engineering }).parts);
  writeFormat1(old, today, change);
  expect(() => readModel(old)).toThrow(expect.objectContaining({ code: 'MODEL_DAMAGED' }));
});
