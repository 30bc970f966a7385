/** What a release has done, as Markdown: for the terminal and for the summary of a CI job. */

export type Release = {
  commit: string;
  /** The flat numbers of reports/metrics.json. */
  metrics: Record<string, number>;
  /** What promote_model said. */
  verdict: string;
  /** The model in the image: name and version of the registry. */
  model: string;
  /** By digest. */
  image: string;
  /** What came after the image, or did not. */
  after: string[];
};

/** Rows of the table, in this order, where the report has them. */
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

/** Parses reports/metrics.json. Throws a SyntaxError or TypeError that says what is wrong with it. */
export function parseMetrics(text: string): Record<string, number> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new TypeError('reports/metrics.json holds no object');
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

function digits(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(4);
}

/** promote_model prints its figures and then what it decided. */
function lastSentence(verdict: string): string {
  return verdict.trim().split('\n').at(-1) ?? '';
}
