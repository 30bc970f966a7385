import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordModel } from '../testing.ts';
import { html } from './html.ts';
import { highlight, movers, resultSection, verdictOf } from './result.ts';

const word = (text: string, start: number, contribution: number) => ({
  text,
  start,
  end: start + text.length,
  contribution,
});

describe('the result', () => {
  const { classes } = wordModel;
  const address = 'http://127.0.0.1/predict';
  const show = (text: string) =>
    html`${resultSection({ text, explanation: wordModel.explain(text), classes, address, needsKey: false })}`.source;

  it('has a sum that is the start and all words', () => {
    const effects = [...show('good bad fine').matchAll(/class="number">([+−])(\d+\.\d+)</g)].map(
      ([, sign, size]) => (sign === '−' ? -1 : 1) * Number(size),
    );
    // good, bad, fine, the start, the sum.
    expect(effects).toEqual([2, -2, 1, 0.5, 1.5]);
    expect(show('good bad fine')).toContain('The model knows 100 % of these words.');
  });

  it('gathers the words beyond the largest in one row', () => {
    const many = Array.from({ length: 12 }, (_, i) => `word${i}`).join(' ');
    const explanation = {
      ...wordModel.explain(many),
      words: many.split(' ').map((each, i) => word(each, 7 * i, i + 1)),
    };
    const shown = html`${resultSection({ text: many, explanation, classes, address, needsKey: false })}`.source;
    // 1 + 2 + 3 + 4
    expect(shown).toMatch(/4 other words<.*?\+10\.00</s);
  });

  it('gives the question as a command that a shell takes as it is, and as a link', () => {
    const shown = show(`it's "good" & $HOME \`x\``);
    expect(shown).toContain("curl -d '{&quot;text&quot;:&quot;it\\u0027s \\&quot;good\\&quot; &amp; $HOME `x`&quot;}'");
    expect(shown).toContain('href="./?text=it&#39;s%20%22good%22%20%26%20%24HOME%20%60x%60#result"');
    expect(show('good '.repeat(400))).not.toContain('href="./?text=');
  });

  it('warns below 60 % of known words', () => {
    expect(show('good bad x')).not.toContain('unreliable');
    expect(show('good x y')).toContain('The model knows only 33 % of these words, so the result may be unreliable.');
  });

  it('says whether the model knows too few words or none', () => {
    expect(verdictOf({ label: 'positive', abstains: 'unknown', knownShare: 0.2 })).toMatch(
      /knows too few of these words$/,
    );
    expect(verdictOf({ label: 'positive', abstains: 'unknown', knownShare: 0 })).toMatch(/knows none of these words$/);
  });
});

describe('highlight', () => {
  it('marks words by their share of the largest contribution', () => {
    const words = [word('bad', 0, -2), word('but', 4, 0.1), word('fine', 8, 0.9), word('so', 13, 0.4)];
    expect(highlight('bad but fine so', words)).toEqual([
      { text: 'bad', level: 3, contribution: -2 },
      { text: ' but ', level: 0, contribution: 0 },
      { text: 'fine', level: 2, contribution: 0.9 },
      { text: ' ', level: 0, contribution: 0 },
      { text: 'so', level: 1, contribution: 0.4 },
    ]);
  });

  it('marks nothing when no word counts', () => {
    expect(highlight('the and', [word('the', 0, 0), word('and', 4, 0)])).toEqual([
      { text: 'the and', level: 0, contribution: 0 },
    ]);
    expect(highlight('', [])).toEqual([]);
  });

  it('loses no character of the text, whatever the offsets of the words', () => {
    const anywhere = fc.record({
      start: fc.integer({ min: -2, max: 30 }),
      end: fc.integer({ min: -2, max: 40 }),
      contribution: fc.double({ min: -3, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.array(anywhere), (text, words) => {
        const segments = highlight(
          text,
          words.map((one) => ({ ...one, text: '' })),
        );
        expect(segments.map((segment) => segment.text).join('')).toBe(text);
      }),
    );
  });
});

describe('movers', () => {
  it('adds up a word over its occurrences and cases, largest first', () => {
    const words = [word('Not', 0, -0.5), word('good', 4, 1), word('not', 9, -0.75), word('the', 13, 0.001)];
    expect(movers([...words, word('zero', 17, 0)])).toEqual([
      { word: 'Not', contribution: -1.25 },
      { word: 'good', contribution: 1 },
      { word: 'the', contribution: 0.001 },
    ]);
  });
});
