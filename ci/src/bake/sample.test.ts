import { expect, test } from 'vitest';
import { answerIn, flipsOf, flipWords, parseSample } from './sample.ts';

test('a sample has one question a line; other lines are named', () => {
  const text = '{"name":"films 1","ask":{"text":"good"}}\n\n{"name":"films 2","ask":["bad"]}\n';
  expect(parseSample(text, 'sample.jsonl')).toEqual([
    { name: 'films 1', ask: { text: 'good' } },
    { name: 'films 2', ask: ['bad'] },
  ]);
  expect(() => parseSample(`${text}{"text":"good"}`, 'sample.jsonl')).toThrow('line 4 of sample.jsonl is no question');
  expect(() => parseSample('text\n', 'sample.jsonl')).toThrow('line 1 of sample.jsonl is no question');
  expect(() => parseSample('\n', 'sample.jsonl')).toThrow('sample.jsonl has no question');
});

test('of an answer the named part counts, and of an error its status', () => {
  expect(answerIn(200, '{"label":"positive","probability":0.9}', 'label')).toBe('positive');
  expect(answerIn(200, '{"outputs":[{"data":[1,0]}]}', 'outputs.0.data')).toBe('[1,0]');
  expect(answerIn(200, '{"label":null}', 'label')).toBe('null');
  expect(answerIn(200, 'a page', 'label')).toBe('no "label"');
  expect(answerIn(503, '{"label":"positive"}', 'label')).toBe('status 503');
});

test('flips are counted, with examples from all parts of the sample', () => {
  const questions = Array.from({ length: 100 }, (_, i) => ({ name: `text ${i}`, ask: i }));
  const before = questions.map(() => 'negative');
  const now = questions.map((_, i) => (i % 5 === 0 ? 'positive' : 'negative'));
  const flips = flipsOf(questions, before, now);
  expect(flipWords(flips)).toBe('20 of 100 answers differ (20.0 %)');
  expect(flips.examples).toEqual([0, 20, 40, 60, 80].map((i) => `text ${i}: negative -> positive`));
  expect(flipsOf(questions, before, before)).toEqual({ asked: 100, flipped: 0, examples: [] });
  expect(flipsOf(questions.slice(0, 2), ['a', 'b'], ['b', 'b']).examples).toEqual(['text 0: a -> b']);
});
