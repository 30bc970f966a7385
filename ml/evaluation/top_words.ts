/** The words that move the model most, as it uses them: mean contribution over the texts of a test set. */
import type { Model } from '../model/types.ts';

/** `contribution` is in log-odds a use, above 0 towards positive; `count` is the number of uses. */
export type TopWord = { word: string; contribution: number; count: number };

/** Explaining costs more than predicting; the first texts say enough. */
const MOST_TEXTS = 5000;

/**
 * The `limit` words that push most to the negative, then as many to the positive, by rising contribution. Words used
 * less than `leastUses` times are left out, and so is what has no letter; letter case is ignored.
 */
export function topWords(
  model: Pick<Model, 'explain'>,
  texts: Iterable<string>,
  { limit = 15, leastUses = 5 }: { limit?: number; leastUses?: number } = {},
): TopWord[] {
  const uses = new Map<string, { sum: number; count: number }>();
  let seen = 0;
  for (const text of texts) {
    if (++seen > MOST_TEXTS) break;
    for (const { text: given, contribution } of model.explain(text).words) {
      const word = given.toLowerCase();
      if (!/\p{L}/u.test(word)) continue;
      const use = uses.get(word);
      if (use) {
        use.sum += contribution;
        use.count++;
      } else uses.set(word, { sum: contribution, count: 1 });
    }
  }
  const ranked = [...uses]
    .filter(([, { count }]) => count >= leastUses)
    .map(([word, { sum, count }]) => ({ word, contribution: sum / count, count }))
    .sort((a, b) => a.contribution - b.contribution || (a.word < b.word ? -1 : 1));
  const negative = ranked.filter((one) => one.contribution < 0).slice(0, limit);
  const positive = ranked.filter((one) => one.contribution > 0).slice(-limit);
  return [...negative, ...positive];
}
