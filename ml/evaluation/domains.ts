/** Figures by domain: a mean over all texts can hide a kind of text on which the model guesses. */
import type { Review } from '../corpus/review.ts';
import { pickTexts, type Scored } from './scored.ts';

export type DomainScores = { domain: string; scored: Scored };

/** The scored texts of each domain, the largest first; texts without a domain are left out. */
export function scoresByDomain(reviews: readonly Pick<Review, 'domain'>[], scored: Scored): DomainScores[] {
  const rows = new Map<string, number[]>();
  reviews.forEach(({ domain }, i) => {
    if (domain === undefined) return;
    const own = rows.get(domain);
    if (own) own.push(i);
    else rows.set(domain, [i]);
  });
  return [...rows]
    .sort(([a, first], [b, second]) => second.length - first.length || (a < b ? -1 : 1))
    .map(([domain, own]) => ({
      domain,
      scored: pickTexts(scored, own),
    }));
}

/** What is known of one domain: every flat metric by its name. */
export type DomainMetrics = { domain: string; metrics: Record<string, number> };

/** Those that are also metrics of the whole evaluation, as accuracy_movies and accuracy_movies_se. */
const SHOWN = ['n_test', 'accuracy', 'roc_auc', 'f1', 'log_loss', 'ece'];

/** Metrics of the evaluation by domain; none for a single domain, whose figures are those of all texts. */
export function metricsByDomain(domains: readonly DomainMetrics[]): Record<string, number> {
  const flat: Record<string, number> = {};
  if (domains.length < 2) return flat;
  for (const { domain, metrics } of domains) {
    for (const name of SHOWN) {
      if (metrics[name] !== undefined) flat[`${name}_${domain}`] = metrics[name];
      if (metrics[`${name}_se`] !== undefined) flat[`${name}_${domain}_se`] = metrics[`${name}_se`];
    }
  }
  return flat;
}

/** A table with a row a domain; empty for a single domain. */
export function domainTable(domains: readonly DomainMetrics[]): string[] {
  if (domains.length < 2) return [];
  const width = Math.max(...domains.map(({ domain }) => domain.length), 'domain'.length);
  const figure = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(4));
  return [
    `${'domain'.padEnd(width)}${'texts'.padStart(9)}${'accuracy'.padStart(19)}${'ROC-AUC'.padStart(10)}${'calibration error'.padStart(20)}`,
    ...domains.map(({ domain, metrics }) =>
      [
        domain.padEnd(width),
        metrics.n_test.toLocaleString('en').padStart(9),
        `${figure(metrics.accuracy)} ± ${figure(metrics.accuracy_se)}`.padStart(19),
        figure(metrics.roc_auc).padStart(10),
        figure(metrics.ece).padStart(20),
      ].join(''),
    ),
  ];
}
