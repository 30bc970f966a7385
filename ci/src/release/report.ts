/** The report of a release in Markdown, for the terminal and for the summary of a CI job. */

export type Release = {
  commit: string;
  /** The numbers of reports/metrics.json. */
  metrics: Record<string, number>;
  /** The output of promote_model. */
  verdict: string;
  /** The model in the image: name and version in the registry. */
  model: string;
  /** By digest. */
  image: string;
  /** One line for each further result. */
  after: string[];
};

/** The rows of the table in this order, if the metrics have them. */
const SHOWN = ['accuracy', 'roc_auc', 'precision', 'recall', 'f1', 'log_loss', 'ece'];

export function releaseReport({ commit, metrics, verdict, model, image, after }: Release): string {
  return [
    `## Release of ${commit.slice(0, 12)}`,
    '',
    '| metric | value | standard error |',
    '|---|---|---|',
    ...SHOWN.filter((name) => name in metrics).map(
      (name) => `| ${name} | ${digits(metrics[name])} | ${digits(metrics[`${name}_se`])} |`,
    ),
    '',
    `- gate: ${lastSentence(verdict)}`,
    `- model: ${model}`,
    `- image: \`${image}\``,
    ...after.map((line) => `- ${line}`),
    '',
  ].join('\n');
}

/** The numbers of reports/metrics.json. Throws a SyntaxError, or a TypeError if it is not an object. */
export function parseMetrics(text: string): Record<string, number> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new TypeError('reports/metrics.json is not an object');
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

function digits(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(4);
}

/** promote_model prints its figures and then its decision, such as `promoted: my_model version 4 is Production`. */
export function lastSentence(verdict: string): string {
  return verdict.trim().split('\n').at(-1) ?? '';
}
