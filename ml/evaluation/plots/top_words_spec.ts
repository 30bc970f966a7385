/** The words that decide, each with its mean push in log-odds. */
import type { TopLevelSpec } from 'vega-lite';
import type { TopWord } from '../top_words.ts';
import { color, config, SIDE } from './theme.ts';

export function topWordsSpec(words: readonly TopWord[]): TopLevelSpec {
  return {
    config,
    width: SIDE,
    height: { step: 17 },
    title: { text: 'The words that decide', subtitle: 'Mean contribution a use, in log-odds' },
    data: { values: words.toReversed().map(({ word, contribution }) => ({ word, contribution })) },
    mark: { type: 'bar' },
    encoding: {
      y: { field: 'word', type: 'nominal', sort: null, title: null, axis: { ticks: false, domain: false } },
      x: { field: 'contribution', type: 'quantitative', title: 'to negative – to positive' },
      color: {
        condition: { test: 'datum.contribution < 0', value: color.negative },
        value: color.curve,
      },
    },
  };
}
