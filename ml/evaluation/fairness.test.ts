import { describe, expect, it } from 'vitest';
import { readBehaviourFiles } from './behaviour.ts';
import { describeSpread, measureSpread, type Spread, spreadChecks } from './fairness.ts';
import { toyModel } from './testdata/toy_model.ts';

const group = { name: 'names', templates: ['{} came.', 'I like {}.'], words: ['Ann', 'Bo', '$&'] };

describe('measureSpread', () => {
  it('is 0 for a model that does not look at the word', () => {
    expect(
      measureSpread(
        toyModel((text) => (text.startsWith('I like') ? 0.9 : 0.5)),
        group,
      ),
    ).toMatchObject({
      group: 'names',
      spread: 0,
    });
  });

  it('is the standard deviation over the words, averaged over the templates', () => {
    // .4 .6 .5 in the first template: variance .02/3; .5 each in the second.
    const model = toyModel((text) => ({ 'Ann came.': 0.4, 'Bo came.': 0.6 })[text] ?? 0.5);
    const { spread, words, widest } = measureSpread(model, group);
    expect(spread).toBeCloseTo(Math.sqrt(0.02 / 3) / 2, 12);
    expect(words.Ann).toBeCloseTo(-0.05, 12);
    expect(words.Bo).toBeCloseTo(0.05, 12);
    expect(words['$&']).toBeCloseTo(0, 12);
    expect(widest).toEqual({
      template: '{} came.',
      lowest: { word: 'Ann', probability: 0.4 },
      highest: { word: 'Bo', probability: 0.6 },
    });
  });

  it('puts each word into the template as it is written', () => {
    const seen: string[] = [];
    measureSpread(
      toyModel((text) => {
        seen.push(text);
        return 0.5;
      }),
      group,
    );
    expect(seen).toContain('I like $&.');
  });

  it('is told in a line', () => {
    const model = toyModel((text) => ({ 'Ann came.': 0.4, 'Bo came.': 0.6 })[text] ?? 0.5);
    expect(describeSpread(measureSpread(model, group))).toBe(
      'names: spread 0.041; widest in "{} came.": Ann 0.40, Bo 0.60',
    );
  });
});

describe('spreadChecks', () => {
  const limits = { max_spread_growth: 0.1, spread_noise: 0.1 };
  const end = { word: 'Ann', probability: 0.5 };
  const of = (spread: number, name = 'names'): Spread => {
    return { group: name, spread, widest: { template: '{}', lowest: end, highest: end }, words: {} };
  };
  const passes = (challenger: number, champion: number) =>
    spreadChecks([of(challenger)], [of(champion)], limits)[0].passed;

  it('fail when a spread grows by more than a tenth', () => {
    expect(passes(0.219, 0.2)).toBe(true);
    expect(passes(0.221, 0.2)).toBe(false);
    expect(spreadChecks([of(0.221)], [of(0.2)], limits)[0].text).toBe(
      "names: the probability spreads by 0.2210 (the champion's by 0.2000), above 0.2200",
    );
  });

  it('pass below the noise of training, however small the spread was', () => {
    expect(passes(0.109, 0.01)).toBe(true);
    expect(passes(0.111, 0.01)).toBe(false);
  });

  it('leave out a group that the champion was not asked for', () => {
    expect(spreadChecks([of(0.4)], [of(0.1, 'nations')], limits)).toEqual([]);
  });
});

it('behaviour/fairness.yaml asks every word once in every template of its group', () => {
  const [{ groups }] = readBehaviourFiles(['behaviour/fairness.yaml'], ['negative', 'positive']);
  expect(groups.length).toBeGreaterThan(3);
  for (const { name, templates, words } of groups) {
    expect(new Set(templates).size, name).toBe(templates.length);
    expect(new Set(words).size, name).toBe(words.length);
  }
});
