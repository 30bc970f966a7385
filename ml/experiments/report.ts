/**
 * The files of a study in reports/experiments: NAME.json (equal seeds, equal bytes), NAME_times.json, NAME.md for
 * readers, two plots where there is a grid, and the suggested change of params.yaml where there is one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderSvg } from '../evaluation/plots/vega.ts';
import { writeJson, writeText } from '../files.ts';
import { type Axis, heatMapSpec, parallelSpec } from './plots.ts';
import type { Chosen, Comparison } from './selection.ts';
import type { Cell } from './study.ts';
import { changeParams, flatten, unifiedDiff } from './suggestion.ts';
import { byAccuracy, type CellResult } from './table.ts';

export type StudyResult = {
  study: string;
  source: string;
  texts: number;
  folds: number;
  seed: number;
  /** 0 where the figure is corrected instead (BBC-CV). */
  innerFolds: number;
  cells: { cell: Cell; result: CellResult }[];
  chosen: Chosen;
  /** The best against the next. */
  leaders: Comparison[];
  /** The best against the present settings of params.yaml, where these are among the cells. */
  againstCurrent: Comparison | undefined;
};

export const reports = 'reports/experiments';

/** Writes all files; returns the text of those that go to the run in MLflow, by name. */
export async function writeReport(result: StudyResult, folder: string, paramsPath: string) {
  const { study, cells } = result;
  const ranked = byAccuracy(cells.map((one) => one.result));
  const { source, texts, folds, seed, innerFolds, chosen, leaders, againstCurrent } = result;
  const facts = { study, source, texts, folds, seed };
  const rows = ranked.map(({ row, folds: ofFolds }) => ({ ...row, folds: ofFolds }));
  writeJson(join(folder, `${study}.json`), { ...facts, innerFolds, rows, chosen, leaders, againstCurrent });
  writeJson(
    join(folder, `${study}_times.json`),
    ranked.map(({ times }) => times),
  );
  const files: Record<string, string> = { [`${study}.md`]: describeStudy(result, ranked) };
  for (const [name, svg] of Object.entries(await drawStudy(result))) files[`${study}_${name}.svg`] = svg;
  const suggestion = suggest(result, ranked[0], paramsPath);
  if (suggestion) {
    files[`${study}_suggestion.md`] = suggestion.text;
    if (suggestion.patch) files[`${study}_suggestion.patch`] = suggestion.patch;
  }
  for (const [name, text] of Object.entries(files)) writeText(join(folder, name), text);
  return files;
}

function describeStudy(result: StudyResult, ranked: readonly CellResult[]): string {
  const { study, source, texts, folds, seed } = result;
  return [
    `# ${study}: ${ranked.length} cells on ${texts.toLocaleString('en')} texts of ${source}, ${folds} folds, seed ${seed}`,
    '',
    '| cell | accuracy | ROC-AUC | log loss | columns | model | train | score |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...ranked.map(({ row, times }) =>
      [
        `| ${row.cell}`,
        `${row.accuracy.toFixed(4)} ± ${row.accuracy_se.toFixed(4)}`,
        `${row.roc_auc.toFixed(4)} ± ${row.roc_auc_se.toFixed(4)}`,
        row.log_loss.toFixed(3),
        row.columns.toLocaleString('en'),
        `${(row.model_bytes / 1e6).toFixed(1)} MB`,
        `${times.train_seconds.toFixed(2)} s`,
        `${times.score_us_per_text.toFixed(1)} µs |`,
      ].join(' | '),
    ),
    '',
    describeChoice(result),
    '',
    '| better | than | by | 95 % | McNemar p | Holm |',
    '| --- | --- | --- | --- | --- | --- |',
    ...result.leaders.map(
      ({ first, second, difference, low, high, p, p_holm }) =>
        `| ${first} | ${second} | ${difference.toFixed(4)} | ${low.toFixed(4)} to ${high.toFixed(4)} | ` +
        `${p.toPrecision(2)} | ${p_holm.toPrecision(2)} |`,
    ),
    '',
  ].join('\n');
}

function describeChoice({ innerFolds, chosen }: StudyResult): string {
  const how =
    innerFolds > 0
      ? `Chosen anew in each fold by ${innerFolds} folds within its training part, judged by the fold's own texts`
      : 'Corrected for having chosen the best (BBC-CV)';
  const picks = Object.entries(chosen.chosen).slice(0, 4);
  const times = picks.map(([name, count]) => `${name} ${count.toLocaleString('en')} times`).join(', ');
  return `${how}: accuracy ${chosen.accuracy.toFixed(4)} ± ${chosen.accuracy_se.toFixed(4)}; chosen: ${times}.`;
}

/** No plots for a study that is not a grid over two settings. */
async function drawStudy({ cells, source, folds }: StudyResult): Promise<Record<string, string>> {
  const [x, y] = axesOf(cells.map(({ cell }) => cell.coordinates));
  if (x === undefined || y === undefined) return {};
  const subtitle = `${cells.length} cells, ${folds} folds of ${source}`;
  const heat = cells.map(({ cell: { coordinates }, result: { row } }) => ({
    x: String(coordinates[x]),
    y: String(coordinates[y]),
    accuracy: row.accuracy,
    se: row.accuracy_se,
  }));
  const axes: Axis[] = [
    ...[y, x].map((title): Axis => {
      const isNumber = cells.every(({ cell }) => typeof cell.coordinates[title] === 'number');
      return { title, scale: isNumber ? 'log' : 'category' };
    }),
    { title: 'model, MB', scale: 'log', format: (bytes) => (bytes / 1e6).toPrecision(2) },
    { title: 'ROC-AUC', scale: 'linear' },
    { title: 'accuracy', scale: 'linear' },
  ];
  const lines = cells.map(({ cell, result: { row } }) => ({
    cell: cell.name,
    accuracy: row.accuracy,
    values: [cell.coordinates[y], cell.coordinates[x], row.model_bytes, row.roc_auc, row.accuracy],
  }));
  return {
    heat_map: await renderSvg(heatMapSpec(heat, x, y, subtitle)),
    parallel_coordinates: await renderSvg(parallelSpec(axes, lines, subtitle)),
  };
}

/** The settings that vary, the one with the most values first. */
function axesOf(coordinates: readonly Record<string, string | number>[]): string[] {
  const valuesOf = (name: string) => new Set(coordinates.map((each) => each[name])).size;
  return Object.keys(coordinates[0])
    .filter((name) => valuesOf(name) > 1)
    .sort((a, b) => valuesOf(b) - valuesOf(a));
}

function suggest(result: StudyResult, best: CellResult, paramsPath: string) {
  const cell = result.cells.find((one) => one.result === best)?.cell;
  if (!cell?.changes) return undefined;
  const before = readFileSync(paramsPath, 'utf8');
  const changes = flatten(cell.changes);
  const after = changeParams(before, changes);
  const patch = after === undefined ? '' : unifiedDiff('params.yaml', before, after);
  const settings = Object.entries(changes).map(([path, value]) => `\`${path}: ${String(value)}\``);
  const { study, againstCurrent, texts, source, folds } = result;
  const { row } = best;
  const head = [
    `# Suggested by \`make ${study}\``,
    '',
    `Best of ${result.cells.length} cells: ${settings.join(', ') || 'params.yaml as it is'}, accuracy ` +
      `${row.accuracy.toFixed(4)} ± ${row.accuracy_se.toFixed(4)}, ROC-AUC ${row.roc_auc.toFixed(4)} ± ` +
      `${row.roc_auc_se.toFixed(4)} (${folds} folds of ${texts.toLocaleString('en')} texts of ${source}).`,
    describeChoice(result),
  ];
  if (!againstCurrent) {
    const same = patch === '' && after !== undefined;
    const text = same ? 'params.yaml already has these settings.' : 'The present settings are not among the cells.';
    return { patch, text: [...head, '', text, ''].join('\n') };
  }
  const { difference, se, low, high, p } = againstCurrent;
  const verdict =
    p < 0.05
      ? 'The evidence supports the change.'
      : 'This can be chance: the evidence neither supports the change nor speaks against it.';
  const how =
    patch === '' ? 'Make this change by hand.' : `To apply it: \`git apply ${reports}/${study}_suggestion.patch\`.`;
  const evidence =
    `Against the present settings on the same texts: ${difference.toFixed(4)} ± ${se.toFixed(4)} (95 %: ` +
    `${low.toFixed(4)} to ${high.toFixed(4)}), McNemar p ${p.toPrecision(2)}. ${verdict}`;
  return { patch, text: [...head, '', evidence, '', how, ''].join('\n') };
}
