import { expect, test } from 'vitest';
import { bucketsOf, type Counted, compare, quantileOf } from './compare.ts';
import type { Signal } from './signals.ts';

const errors: Signal = {
  name: '5xx',
  kind: 'share',
  part: { metric: 'answers', labels: { status: '5xx' } },
  whole: { metric: 'answers' },
  worse: 'higher',
  tolerance: 0.005,
};
const counts = (good: number, bad: number): Counted => [
  { name: 'answers_total', labels: { status: '2xx' }, value: good },
  { name: 'answers_total', labels: { status: '5xx' }, value: bad },
];

test('two percent of errors are found in a thousand answers or two, and not in a hundred', () => {
  const before = counts(9000, 0);
  expect(compare(errors, before, counts(98, 2)).state).toBe('too little');
  const found = compare(errors, before, counts(2940, 60));
  expect(found).toMatchObject({
    state: 'worse',
    says: '5xx: 2.0 % of 3000, before 0.0 % of 9000',
    now: 0.02,
    before: 0,
  });
});

test('the same share is fine, fewer errors too, and nothing counted is too little', () => {
  expect(compare(errors, counts(8990, 10), counts(8991, 9)).state).toBe('fine');
  expect(compare(errors, counts(8820, 180), counts(9000, 0)).state).toBe('fine');
  expect(compare(errors, counts(9000, 0), []).state).toBe('too little');
  expect(compare(errors, [], counts(9000, 0)).state).toBe('too little');
});

/** Mulberry32, for tests that must be the same in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('of 1,000 sound revisions with one percent of errors, each looked at 60 times, none is called worse', () => {
  const next = random(7);
  const draw = (count: number) => Array.from({ length: count }, next).filter((value) => value < 0.01).length;
  let worse = 0;
  for (let round = 0; round < 1000; round++) {
    const bad = draw(500);
    const before = counts(500 - bad, bad);
    let [good, wrong] = [0, 0];
    for (let look = 0; look < 60; look++) {
      const more = draw(50);
      [good, wrong] = [good + 50 - more, wrong + more];
      if (compare(errors, before, counts(good, wrong)).state === 'worse') worse++;
    }
  }
  expect(worse).toBe(0);
});

const positive: Signal = { ...errors, name: 'positive', worse: 'either', tolerance: 0.1 };

test('labels the wrong way round are found in either direction', () => {
  expect(compare(positive, counts(300, 700), counts(700, 300)).state).toBe('worse');
  expect(compare(positive, counts(700, 300), counts(300, 700)).state).toBe('worse');
  expect(compare(positive, counts(700, 300), counts(660, 340)).state).not.toBe('worse');
});

const buckets = (metric: string, ...pairs: [string, number][]): Counted =>
  pairs.map(([le, value]) => ({ name: `${metric}_bucket`, labels: { le }, value }));
const latency: Signal = { name: 'p99', kind: 'quantile', of: { metric: 'seconds' }, quantile: 0.99, tolerance: 2 };

test("a quantile is Prometheus' histogram_quantile", () => {
  const some = bucketsOf(buckets('seconds', ['0.1', 50], ['0.5', 90], ['+Inf', 100]), { metric: 'seconds' });
  expect(quantileOf(some, 0.5)).toBeCloseTo(0.1);
  expect(quantileOf(some, 0.7)).toBeCloseTo(0.3);
  expect(quantileOf(some, 0.99)).toBe(0.5);
  expect(quantileOf([], 0.99)).toBeNaN();
});

test('three times slower is worse, a little slower is not, and few requests tell nothing', () => {
  const before = buckets(
    'seconds',
    ['0.01', 5000],
    ['0.025', 9990],
    ['0.05', 10_000],
    ['0.1', 10_000],
    ['+Inf', 10_000],
  );
  const slow = buckets('seconds', ['0.01', 0], ['0.025', 300], ['0.05', 1500], ['0.1', 3000], ['+Inf', 3000]);
  expect(compare(latency, before, slow).state).toBe('worse');
  const similar = buckets('seconds', ['0.01', 1200], ['0.025', 2990], ['0.05', 3000], ['0.1', 3000], ['+Inf', 3000]);
  expect(compare(latency, before, similar).state).toBe('fine');
  expect(compare(latency, before, buckets('seconds', ['0.01', 0], ['0.1', 20], ['+Inf', 20])).state).toBe('too little');
});

const confidence: Signal = { name: 'confidence', kind: 'mean', of: { metric: 'p' }, worse: 'either', tolerance: 0.05 };
const observed = (low: number, high: number): Counted => [
  ...buckets('p', ['0.6', low], ['0.9', low], ['1', low + high], ['+Inf', low + high]),
  { name: 'p_sum', labels: {}, value: 0.55 * low + 0.95 * high },
  { name: 'p_count', labels: {}, value: low + high },
];

test('a mean is compared with the spread that its buckets show', () => {
  expect(compare(confidence, observed(200, 800), observed(800, 200))).toMatchObject({
    state: 'worse',
    says: 'confidence: 0.63 of 1000, before 0.87 of 1000',
  });
  expect(compare(confidence, observed(200, 800), observed(210, 790)).state).toBe('fine');
  expect(compare(confidence, observed(200, 800), observed(8, 2)).state).toBe('too little');
});
