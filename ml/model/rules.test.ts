/** What the rules of a text mean for a model: signs and scripts that it learns from, and models from before the rules. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { paramsSchema, readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel } from './artifact.ts';
import type { LinearTextModel } from './linear_text_model.ts';

const params = readParams('ml/testdata/params.yaml');

/** Trains on `count` texts that `textOf` makes for each label. */
function modelOf(count: number, textOf: (i: number, label: 0 | 1) => string): LinearTextModel {
  const reviews: Review[] = Array.from({ length: count }, (_, i) => {
    const label = (i % 2) as 0 | 1;
    return { id: `${i}`, label, text: textOf(i >> 1, label) };
  });
  return trainModel(reviews, params);
}

const pick = (list: readonly string[], i: number) => list[i % list.length];

describe('a model', () => {
  it('learns from emoticons', () => {
    const places = ['got the parcel today', 'see you at nine', 'at home with the cat', 'new phone', 'rain outside'];
    const signs = [
      [':(', ':-(', 'D:'],
      [':)', ':-)', ':D'],
    ];
    const model = modelOf(120, (i, label) => `${pick(places, i * 7)} ${i} ${pick(signs[label], i)}`);
    for (const [label, faces] of signs.entries()) {
      for (const face of faces) expect(model.predict(`exam tomorrow ${face}`).class).toBe(label);
    }
    expect(model.predict('exam tomorrow =)').score).toBe(model.predict('exam tomorrow 🙂').score);
  });

  it('learns from Chinese without spaces and without ends of sentences', () => {
    const fillers = [
      '尺寸刚刚合适',
      '昨天收到的',
      '用了一个星期',
      '朋友推荐我买的',
      '包装是蓝色的',
      '第二次买这个',
      '在店里看到的',
    ];
    const verdicts = [
      ['物流很慢', '味道难吃', '服务冷淡', '质量太差'],
      ['质量很好', '物流很快', '性价比高', '味道很棒'],
    ];
    const filler = (i: number) =>
      Array.from({ length: 16 }, (_, k) => pick(fillers, i * 5 + k * (1 + (i % 3)))).join('');
    const model = modelOf(160, (i, label) => filler(i) + pick(verdicts[label], i));
    for (let i = 100; i < 140; i++) {
      const label = i % 2;
      expect(model.predict(filler(i * 3) + pick(verdicts[label], i)).class).toBe(label);
    }
    const { words, score, bias } = model.explain('昨天收到的Phone质量很好');
    expect(words.map(({ text }) => text)).toEqual([...'昨天收到的', 'Phone', ...'质量很好']);
    expect(words.reduce((sum, { contribution }) => sum + contribution, bias)).toBeCloseTo(score, 5);
  });

  const film = modelOf(80, (i, label) => {
    const words = label ? ['lovely', 'funny', 'good', 'excellent'] : ['awful', 'boring', 'dull', 'bad'];
    return `a ${pick(words, i)} film, ${i % 3 === 0 ? `not ${pick(label ? ['dull', 'bad'] : ['good', 'funny'], i)}` : 'and so on'}`;
  });

  it.each([
    ['❤️not good', '❤️ not good'],
    ['⭐️⭐️Excellent', '⭐⭐ excellent'],
    ['funny&not dull', 'funny & not dull'],
    ['good plot&not boring', 'good plot & not boring'],
    ['n\u200bot good', 'not good'],
    ['#NotGood', 'not good'],
  ])('scores %j as %j', (disguised, text) => {
    expect(film.predict(disguised).score).toBe(film.predict(text).score);
  });

  it('reads written-out line ends if params.yaml says so', () => {
    const written = paramsSchema.parse({ data_preprocessing: { written_out: true } });
    const model = trainModel(
      Array.from({ length: 40 }, (_, i) => ({
        id: `${i}`,
        label: (i % 2) as 0 | 1,
        text: i % 2 ? 'so\\ngood' : 'so\\nnot good',
      })),
      { ...params, data_preprocessing: written.data_preprocessing },
    );
    expect(model.predict('The film was\\nnot good').score).toBe(model.predict('The film was\nnot good').score);
  });

  it('says of which tokens it knows nothing', () => {
    for (const text of ['...', 'zzxqv', '这部电影非常好看', 'Das Essen war schlecht', '🦄🦄']) {
      const { tokens, unknownTokens } = film.predict(text);
      expect(unknownTokens, text).toBe(tokens);
      expect(film.explain(text).knownShare, text).toBe(0);
    }
  });

  it('says where each word is in the text as given, whatever the rules did to it', () => {
    const text = '<b>Good</b>&nbsp;fiiiiilm :-) #NotBad isn’t “dull” n\u200bot 👍🏽 http://t.co/x ½™';
    const { words, score, bias } = film.explain(text);
    expect(words.map((word) => word.text)).toEqual([
      ...['Good', 'fiiiiilm', ':-)', '#NotBad', 'is', 'n’t', 'dull', 'n\u200bot', '👍', 'http://t.co/x', '½', '™'],
    ]);
    for (const word of words) expect(text.slice(word.start, word.end)).toBe(word.text);
    expect(words.reduce((sum, { contribution }) => sum + contribution, bias)).toBeCloseTo(score, 5);
  });
});

describe('a model from before rules had versions', () => {
  const model = readModel('ml/model/testdata/rules_1.bin');
  type Scored = { text: string; score: number; tokens: number; unknownTokens: number };
  const { texts } = JSON.parse(readFileSync('ml/model/testdata/rules_1.json', 'utf8')) as { texts: Scored[] };

  it.each(texts)('scores $text as before, bit for bit', ({ text, ...expected }) => {
    expect(model.predict(text)).toMatchObject(expected);
    expect(model.explain(text).score).toBe(expected.score);
  });

  it('is refused with rules of a later version', async () => {
    const { modelHeader } = await import('./header.ts');
    const { normalize, vectorizer, intercepts, calibration, facts } = model.parts;
    const [slope, offset] = [calibration.slopes[0], calibration.offsets[0]];
    const scales = { intercept: intercepts[0], calibration: { slope, offset } };
    const header = { normalize, vectorizer: vectorizer.settings, ...scales, facts };
    expect(modelHeader(header, '')).toBeUndefined();
    expect(modelHeader({ ...header, normalize: { ...normalize, rules: 3 } }, '')).toBe(
      'normalize.rules is 3, not a whole number from 1 to 2',
    );
  });
});
