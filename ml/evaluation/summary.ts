/** An evaluation as a few lines for the terminal. */
import type { Evaluation } from './evaluation.ts';

const rows: [label: string, metric: string][] = [
  ['accuracy', 'accuracy'],
  ['ROC-AUC', 'roc_auc'],
  ['average precision', 'average_precision'],
  ['precision', 'precision'],
  ['recall', 'recall'],
  ['F1', 'f1'],
  ['log loss', 'log_loss'],
  ['Brier score', 'brier'],
  ['calibration error', 'ece'],
];

export function summarize({ metrics, behaviour, slices }: Evaluation): string {
  const lines = [
    `${metrics.n_test.toLocaleString('en')} held-out texts, ${percent(metrics.majority_share)} of the larger class`,
  ];
  for (const [label, name] of rows) {
    const error = metrics[`${name}_se`];
    lines.push(
      `  ${label.padEnd(18)}${metrics[name].toFixed(4)}${error === undefined ? '' : ` ± ${error.toFixed(4)}`}`,
    );
  }
  for (const { by, from, to, count, accuracy, accuracy_se } of slices) {
    const range = `${by} ${short(from)} to ${short(to)}`;
    lines.push(
      `  accuracy, ${range.padEnd(28)}${accuracy.toFixed(3)} ± ${accuracy_se.toFixed(3)} (${count.toLocaleString('en')} texts)`,
    );
  }
  lines.push(`${behaviour.passed} of ${behaviour.total} behaviour tests passed`);
  for (const [kind, tally] of Object.entries(behaviour.byKind)) {
    lines.push(`  ${kind.padEnd(24)}${tally.passed} of ${tally.total}`);
  }
  return lines.join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
