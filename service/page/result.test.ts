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
  const show = (text: string) => html`${resultSection(text, wordModel.explain(text), wordModel.classes)}`.source;

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
    expect(movers(words, 5)).toEqual([
      { word: 'Not', contribution: -1.25 },
      { word: 'good', contribution: 1 },
    ]);
    expect(movers(words, 1)).toHaveLength(1);
  });
});
