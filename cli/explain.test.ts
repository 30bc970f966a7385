import { expect, test } from 'vitest';
import type { Explanation } from '../ml/model/types.ts';
import { drawExplanation } from './explain.ts';

const classes = ['negative', 'positive'];

/** An explanation of consecutive words with these contributions. */
function explanation(contributions: Record<string, number>, bias = 0): Explanation {
  const words = Object.entries(contributions).map(([text, contribution], i) => ({
    text,
    start: i,
    end: i + 1,
    contribution,
  }));
  const score = words.reduce((sum, word) => sum + word.contribution, bias);
  const probability = 1 / (1 + Math.exp(-score));
  return {
    class: score > 0 ? 1 : 0,
    label: score > 0 ? 'positive' : 'negative',
    confidence: Math.max(probability, 1 - probability),
    probability,
    probabilities: [1 - probability, probability],
    score,
    towards: 1,
    bias,
    words,
    tokens: words.length,
    unknownTokens: 0,
    knownShare: 1,
  };
}

test('the length of a bar is the strength of its word: to the left negative, to the right positive', () => {
  expect(drawExplanation(explanation({ dull: -2, but: 0, joy: 1 }, 0.5), classes, { top: 9, width: 40 })).toBe(
    [
      'Negative Sentiment, 62.2 % sure',
      '',
      '  word   log-odds  negative│positive',
      '  dull     -2.00 ██████████│',
      '  but      +0.00           │',
      '  joy      +1.00           │█████',
      '  (bias)   +0.50           │███',
      '  sum      -0.50',
      '',
    ].join('\n'),
  );
});

test('shows the strongest words and sums up the others, so that the total is right', () => {
  const drawn = drawExplanation(explanation({ a: 0.1, dull: -2, b: 0.2, joy: 1 }), classes, { top: 2, width: 60 });
  expect(drawn).toMatch(/dull .*\n.*joy .*\n {2}\(2 other words\) +\+0\.30/);
  expect(drawn).not.toMatch(/^ {2}a /m);
});

test('no line is wider than the terminal, however long the words', () => {
  const drawn = drawExplanation(explanation({ ['ha'.repeat(30)]: 3, no: -3 }), classes, { top: 9, width: 60 });
  expect(Math.max(...drawn.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(drawn).toContain('hahah…');
});

test('a word cannot control the terminal', () => {
  expect(drawExplanation(explanation({ 'x\u001b[2Jy\n': 1 }), classes, { top: 9, width: 60 })).toContain('  x [2Jy  ');
});

test('for a text without words shows only the bias', () => {
  const drawn = drawExplanation({ ...explanation({}, -1), knownShare: 0 }, classes, { top: 9, width: 60 });
  expect(drawn).toMatch(/\(bias\) +-1\.00 █+│/);
  expect(drawn).toContain('knows 0 % of the words');
});
