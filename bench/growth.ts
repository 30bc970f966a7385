/**
 * How the cost of a training grows with the number of texts: each training in a process of its own (grow_ours.ts), on
 * texts of which grown_texts.ts makes any number. Prints the table of docs/engine.md and draws its plot.
 *
 *     node bench/growth.ts [--only SERIES] [--most TEXTS]
 *
 * A series is "standard, snippets", "hashed, snippets", "words, snippets" or "words, long reviews". Results are kept in
 * .local/bench/growth.json, and only what is missing there is measured; delete the file to begin anew. All of it takes half an hour of one core and 10 GB.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TopLevelSpec } from 'vega-lite';
import { color, config, renderSvg } from '../ml/evaluation/plots/vega.ts';
import { writeJson, writeText } from '../ml/files.ts';
import { benchFile, root, runJson } from './child.ts';
import type { Growth } from './grow_ours.ts';
import { formatTable } from './statistics.ts';

const SERIES = [
  { features: 'standard', kind: 'snippets', counts: [1000, 10_000, 100_000, 1_000_000] },
  { features: 'hashed', kind: 'snippets', counts: [10_000, 100_000, 1_000_000] },
  { features: 'words', kind: 'snippets', counts: [1000, 10_000, 100_000, 1_000_000] },
  { features: 'words', kind: 'long reviews', counts: [1000, 10_000, 100_000] },
] as const;

type Measured = Growth & { series: string; count: number };

const { values: options } = parseArgs({ options: { only: { type: 'string' }, most: { type: 'string' } } });
const file = benchFile('growth.json');
const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Measured[]) : [];
for (const { features, kind, counts } of SERIES) {
  const series = `${features}, ${kind}`;
  if (options.only !== undefined && options.only !== series) continue;
  for (const count of counts) {
    if (count > Number(options.most ?? Number.POSITIVE_INFINITY)) continue;
    if (known.some((one) => one.series === series && one.count === count)) continue;
    process.stderr.write(`${series}: ${count} texts ...\n`);
    const model = benchFile(`growth-${process.pid}.model`);
    const growth = await runJson<Growth>(['node', 'bench/grow_ours.ts', kind, String(count), features, model]);
    known.push({ series, count, ...growth });
    writeJson(file, known);
  }
}
const order = (one: Measured) => SERIES.findIndex(({ features, kind }) => `${features}, ${kind}` === one.series);
known.sort((a, b) => order(a) - order(b) || a.count - b.count);
process.stdout.write(`${formatTable(tableOf(known))}\n`);
writeText(join(root, 'docs/pictures/growth.svg'), await renderSvg(plotOf(known)));

function secondsOf({ vectorise, fit, rest }: Growth): number {
  return vectorise + fit + rest;
}

/** Microseconds of processor time. */
function perText(measured: Measured): number {
  return (1e6 * secondsOf(measured)) / measured.count;
}

function tableOf(all: readonly Measured[]): string[][] {
  const head = [
    '',
    'texts',
    'CPU s',
    'us/text',
    'vectorise',
    'fit',
    'rest',
    'passes',
    'columns',
    'values',
    'MB',
    'file',
  ];
  const rows = all.map((one) => [
    one.series,
    one.count.toLocaleString('en'),
    secondsOf(one).toFixed(1),
    perText(one).toFixed(0),
    ...[one.vectorise, one.fit, one.rest].map((seconds) => ((1e6 * seconds) / one.count).toFixed(0)),
    String(one.passes),
    one.columns.toLocaleString('en'),
    one.nonZeros.toLocaleString('en'),
    one.memory.toFixed(0),
    `${one.artifact.toFixed(1)} MB`,
  ]);
  return [head, ...rows];
}

/** Time a text and memory, both over the number of texts. */
function plotOf(all: readonly Measured[]): TopLevelSpec {
  const values = all.map((one) => ({
    series: one.series,
    texts: one.count,
    time: perText(one),
    memory: one.memory / 1000,
  }));
  const range = [color.curve, color.ink, color.negative, color.reference];
  const panel = (field: string, title: string, type: 'linear' | 'log', legend: null | undefined) => ({
    width: 300,
    height: 260,
    mark: { type: 'line' as const, point: { size: 60 }, strokeWidth: 2.5 },
    encoding: {
      x: {
        field: 'texts',
        type: 'quantitative' as const,
        title: 'Texts',
        scale: { type: 'log' as const },
        axis: { format: '~s', values: [1000, 10_000, 100_000, 1_000_000] },
      },
      y: { field, type: 'quantitative' as const, title, scale: { type }, axis: { format: '~s' } },
      color: {
        field: 'series',
        type: 'nominal' as const,
        title: null,
        scale: { range },
        ...(legend === null ? { legend } : {}),
      },
    },
  });
  return {
    config,
    title: { text: 'Cost of a training', subtitle: 'by the number of texts' },
    data: { values },
    hconcat: [
      panel('time', 'Processor time a text, microseconds', 'linear', null),
      panel('memory', 'Peak memory, GB', 'log', undefined),
    ],
  };
}
