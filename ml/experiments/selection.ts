/**
 * The figure of the best of many cells is too good: it was chosen for it. Two figures without that fault:
 *
 * - Nested: in each fold the choice is made by folds within the training part, and the fold's texts judge it (Stone 1974;
 *   Varma & Simon 2006). Costs as many fits again as there are inner folds.
 * - Corrected: the choice is made on texts drawn with replacement from the out-of-fold scores, and those not drawn judge
 *   it, many times over (BBC-CV; Tsamardinos, Greasidou & Borboudakis 2018). Costs no fit.
 */
import { resample, standardDeviation } from '../evaluation/bootstrap.ts';
import { classOf, type Scored } from '../evaluation/scored.ts';

export type Chosen = {
  accuracy: number;
  accuracy_se: number;
  /** How often each cell was chosen, by name, the most frequent first. */
  chosen: Record<string, number>;
};

/** `cells` are scored on the same texts in the same order. */
export function correctedAccuracy(
  cells: readonly { name: string; scored: Scored }[],
  samples: number,
  seed: number,
): Chosen {
  const right = cells.map(({ scored: { labels, probabilities } }) =>
    Uint8Array.from(labels, (label, i) => (classOf(probabilities[i]) === label ? 1 : 0)),
  );
  const accuracies: number[] = [];
  const choices: string[] = [];
  resample(right[0].length, samples, seed, (counts) => {
    let best = 0;
    let most = -1;
    for (let c = 0; c < right.length; c++) {
      let hits = 0;
      for (let i = 0; i < counts.length; i++) hits += counts[i] * right[c][i];
      if (hits <= most) continue;
      best = c;
      most = hits;
    }
    let hits = 0;
    let texts = 0;
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] > 0) continue;
      texts++;
      hits += right[best][i];
    }
    accuracies.push(hits / texts);
    choices.push(cells[best].name);
  });
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
  // Texts left out are about 1/e of all, so one sample's spread is that of fewer texts than there are: binomial instead.
  const accuracy_se = Math.sqrt((mean * (1 - mean)) / right[0].length);
  return { accuracy: mean, accuracy_se, chosen: tally(choices) };
}

/**
 * One entry for each outer fold: what each cell reached within (mean accuracy over the inner folds) and on the fold's
 * own texts, in the order of `names`.
 */
export function nestedAccuracy(
  names: readonly string[],
  folds: readonly { inner: readonly number[]; outer: readonly number[] }[],
): Chosen {
  const picks = folds.map(({ inner }) => inner.indexOf(Math.max(...inner)));
  const accuracies = folds.map(({ outer }, fold) => outer[picks[fold]]);
  return {
    accuracy: accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length,
    accuracy_se: standardDeviation(accuracies) / Math.sqrt(accuracies.length),
    chosen: tally(picks.map((pick) => names[pick])),
  };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}
