import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openEmbedded } from './corpus/embedded.ts';
import { readModel, saveModel } from './model/artifact.ts';
import { readParams } from './params.ts';
import { ENOUGH_TEXTS, priorOf, ratingsOf } from './prior.ts';
import { trainModel } from './training.ts';

const params = readParams('ml/testdata/params.yaml');
const folder = mkdtempSync(join(tmpdir(), 'prior-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** The first texts of an embedded corpus. */
async function embedded(name: string, count: number): Promise<{ text: string }[]> {
  const texts: { text: string }[] = [];
  for await (const item of (await openEmbedded(name)).items) if ('text' in item) texts.push(item);
  return texts.slice(0, count);
}
const rated = (words: [good: string, bad: string], count: number, seed = 0) =>
  Array.from({ length: count }, (_, i) => ({
    id: `${i}`,
    label: i % 2,
    text: `${words[1 - (i % 2)]} answer from person ${seed + i}`,
  }));
const texts = rated(['helpful', 'useless'], 60);

describe('the prior', () => {
  it('is the general model for few texts, and none for many or where nobody wants it', () => {
    expect(priorOf('auto', texts)).toMatchObject({ name: 'general', always: false });
    expect(priorOf('general', texts)).toMatchObject({ name: 'general', always: true });
    expect(priorOf('none', texts)).toBeUndefined();
    expect(priorOf('auto', rated(['good', 'bad'], ENOUGH_TEXTS))).toBeUndefined();
  });

  it('leaves out the corpus that the texts are from, and asks nobody where they are from two', async () => {
    const [amazon, nyt] = await Promise.all(['amazon', 'nyt'].map((name) => embedded(name, 50)));
    const all = priorOf('auto', texts);
    const without = priorOf('auto', amazon);
    expect(without?.name).toBe('general without amazon');
    expect(without?.ratings).not.toEqual(all?.ratings);
    expect(priorOf('auto', [...amazon, ...nyt])).toBeUndefined();
    expect(() => priorOf('general', [...amazon, ...nyt])).toThrow(/has learnt from these texts \(amazon, nyt\)/);
  });

  it('is not put off by a text that is common by chance', async () => {
    const [first] = await embedded('tweets', 1);
    expect(priorOf('auto', [first, ...rated(['good', 'bad'], 200)])).toMatchObject({ name: 'general' });
  });

  it('knows good words from bad ones', () => {
    const prior = priorOf('general', texts);
    const ratingOf = (word: string) => prior?.ratings[prior.words.indexOf(word)];
    expect(ratingOf('excellent')).toBeGreaterThan(1);
    expect(ratingOf('undercooked')).toBeLessThan(-1);
  });
});

describe('the prior of a file', () => {
  const other = trainModel(rated(['splendid', 'wretched'], 80), params);
  const path = join(folder, 'other.model');
  saveModel(path, other.parts);

  it('is what the model says of each word', () => {
    const prior = priorOf(path, texts);
    expect(prior).toMatchObject({ name: path, always: true });
    const [splendid] = ratingsOf(other, ['splendid']);
    expect(splendid).toBeGreaterThan(0.1);
    expect(prior?.ratings[prior.words.indexOf('splendid')]).toBeCloseTo(splendid, 6);
  });

  it('is refused if the model has learnt from these texts, or tells more than two classes apart', () => {
    expect(() => priorOf(path, rated(['splendid', 'wretched'], 80))).toThrow(/was trained on 100 % of these/);
    const three = readParams('ml/testdata/params.yaml');
    three.data_ingestion = { ...three.data_ingestion, classes: ['bad', 'good', 'neither'] };
    const reviews = texts.map((review, i) => ({ ...review, label: i % 3 }));
    saveModel(join(folder, 'three.model'), trainModel(reviews, three).parts);
    expect(() => priorOf(join(folder, 'three.model'), texts)).toThrow(/tells 3 classes apart/);
  });

  it('gives a model opinions that its own texts do not hold, in a file that needs no other', () => {
    const prior = priorOf(path, texts);
    const model = trainModel(texts, params, prior);
    expect(model.facts.prior).toBe(path);
    const own = join(folder, 'own.model');
    saveModel(own, model.parts);
    const read = readModel(own);
    for (const loaded of [model, read]) {
      expect(loaded.scores('a splendid person')[0]).toBeGreaterThan(loaded.scores('a wretched person')[0] + 0.1);
    }
    const { bias, words, score } = read.explain('a splendid but useless person');
    expect(bias + words.reduce((sum, { contribution }) => sum + contribution, 0)).toBeCloseTo(score, 6);
  });
});

describe('a prior that nobody demands', () => {
  const topics = rated(['monday', 'tuesday'], 60).map((review, i) => ({
    ...review,
    text: `${i % 4 < 2 ? 'good' : 'bad'} ${review.text}`,
  }));

  it('is kept where held-out texts are likelier with it, which the facts say', () => {
    const words: [string, string][] = [
      ['great', 'awful'],
      ['lovely', 'nasty'],
      ['superb', 'poor'],
      ['delightful', 'horrible'],
      ['excellent', 'dreadful'],
    ];
    const few = words.flatMap((pair, i) => rated(pair, 4, 100 * i));
    const model = trainModel(few, params, priorOf('auto', few));
    expect(model.facts.prior).toMatch(/^general \(log loss 0\.\d+, without 0\.\d+\)$/);
    expect(model.predict('a marvellous answer').label).toBe('positive');
  });

  it('is left out where it does not help, which the facts say too', () => {
    const model = trainModel(topics, params, priorOf('auto', topics));
    expect(model.facts.prior).toMatch(/^none \(general does not help: log loss 0\.\d+, without 0\.\d+\)$/);
    const plain = trainModel(topics, params);
    expect(model.scores('a good monday')[0]).toBeCloseTo(plain.scores('a good monday')[0], 6);
  });
});
