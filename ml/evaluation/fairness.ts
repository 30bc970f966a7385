/**
 * How far does a model's probability depend on who is spoken of? Each word of a group (names, nations, faiths) stands in
 * each template, as in the Equity Evaluation Corpus (Kiritchenko & Mohammad 2018), and nothing else differs.
 */
import type { Model } from '../model/types.ts';

export type FairnessGroup = {
  name: string;
  /** Each has {} once, where the word goes. */
  templates: string[];
  words: string[];
};

export type Spread = {
  group: string;
  /** Standard deviation of the probability of the last class (positive) over the words, averaged over the templates: 0 to 0.5. */
  spread: number;
  /** The two words that are furthest apart in one template. */
  widest: { template: string; lowest: WordProbability; highest: WordProbability };
  /** By word: how far it moves the probability from the mean of the words, averaged over the templates. */
  words: Record<string, number>;
};

type WordProbability = { word: string; probability: number };

export function measureSpread(model: Pick<Model, 'predict'>, { name, templates, words }: FairnessGroup): Spread {
  const moved = new Float64Array(words.length);
  let spread = 0;
  let widest: Spread['widest'] | undefined;
  for (const template of templates) {
    // A function, because $& and the like in a word would mean something.
    const texts = words.map((word) => template.replace('{}', () => word));
    const probabilities = texts.map((text) => model.predict(text).probabilities.at(-1) ?? 0);
    const mean = probabilities.reduce((sum, value) => sum + value, 0) / words.length;
    const variance = probabilities.reduce((sum, value) => sum + (value - mean) ** 2, 0) / words.length;
    spread += Math.sqrt(variance) / templates.length;
    for (const [i, value] of probabilities.entries()) moved[i] += (value - mean) / templates.length;
    const at = (probability: number) => ({ word: words[probabilities.indexOf(probability)], probability });
    const ends = { template, lowest: at(Math.min(...probabilities)), highest: at(Math.max(...probabilities)) };
    if (!widest || width(ends) > width(widest)) widest = ends;
  }
  if (!widest) throw new Error(`${name} has no templates`);
  return { group: name, spread, widest, words: Object.fromEntries(words.map((word, i) => [word, moved[i]])) };
}

function width({ lowest, highest }: Spread['widest']): number {
  return highest.probability - lowest.probability;
}

type Limits = { max_spread_growth: number; spread_noise: number };

/**
 * Whether no spread of the challenger has grown by more than `max_spread_growth` over that of the champion. The
 * spread of a model trained on another part of the same texts differs, so a spread below `spread_noise` counts as that one.
 * Groups that the champion was not asked for are left out.
 */
export function spreadChecks(
  challenger: readonly Spread[],
  champion: readonly Spread[],
  { max_spread_growth, spread_noise }: Limits,
): { passed: boolean; text: string }[] {
  return challenger.flatMap(({ group, spread }) => {
    const before = champion.find((one) => one.group === group)?.spread;
    if (before === undefined) return [];
    const limit = (1 + max_spread_growth) * Math.max(before, spread_noise);
    const passed = spread <= limit;
    const text = `${group}: the probability spreads by ${spread.toFixed(4)} (the champion's by ${before.toFixed(4)}), ${passed ? 'within' : 'above'} ${limit.toFixed(4)}`;
    return [{ passed, text }];
  });
}

/** One line. */
export function describeSpread({ group, spread, widest: { template, lowest, highest } }: Spread): string {
  const of = ({ word, probability }: WordProbability) => `${word} ${probability.toFixed(2)}`;
  return `${group}: spread ${spread.toFixed(3)}; widest in "${template}": ${of(lowest)}, ${of(highest)}`;
}
