/** The targets of the engine's speed beside what a run of the bench measured. A target is met at or above its number, growth below. */
import type { BatchReport } from './batch.ts';
import type { ScoreReport } from './score.ts';
import type { ServeReport } from './serve.ts';
import { formatTable, number, ratioOf } from './statistics.ts';
import type { TrainReport } from './train.ts';

export type Reports = { train?: TrainReport; score?: ScoreReport[]; batch?: BatchReport[]; serve?: ServeReport };

type Line = { what: string; measured: number; target: number; most?: boolean };

/** Of the parts that ran. */
export function targetLines({ train, score = [], batch = [], serve }: Reports): Line[] {
  const lines: Line[] = [];
  const asked = { 'words, snippets': 12, 'words, 230-word reviews': 8, 'words+chars, snippets': 25 };
  for (const [task, target] of Object.entries(asked)) {
    const own = score.find((report) => report.task === task);
    if (own) lines.push({ what: `score ${task}, against scikit-learn`, measured: own.ratio.ofMedians, target });
  }
  if (train) {
    const [snippets, long] = train.comparisons;
    lines.push(
      { what: 'train on long reviews, one thread, processor time', measured: long.ratios[0].ofMedians, target: 5 },
      { what: 'the same, wall clock (the target is of two threads)', measured: train.clock.ofMedians, target: 8 },
      { what: 'train on snippets, cold, processor time', measured: snippets.ratios[0].ofMedians, target: 1.8 },
      { what: 'the same, wall clock of the process', measured: train.cold.ofMedians, target: 3 },
      { what: 'time for four times the texts', measured: train.growth.ofMedians, target: 4.6, most: true },
    );
  }
  for (const { task, textsPerCpuSecond } of batch) {
    if (task === 'params.yaml') continue;
    const measured = ratioOf(textsPerCpuSecond, [...textsPerCpuSecond].fill(1)).ofMedians;
    lines.push({ what: `batches of 32 snippets, ${task}, texts/CPU s`, measured, target: 100_000 });
  }
  if (serve) {
    const cpu = (name: keyof ServeReport) => ratioOf(serve[name].cpu, serve.ours.cpu).ofMedians;
    const speed = (name: keyof ServeReport) =>
      ratioOf(
        serve.ours.loads.map((load) => load.requestsPerSecond),
        serve[name].loads.map((load) => load.requestsPerSecond),
      ).ofMedians;
    lines.push(
      { what: 'POST /predict against raw node:http, processor time', measured: cpu('raw node:http'), target: 0.85 },
      { what: 'POST /predict against raw node:http, requests/s', measured: speed('raw node:http'), target: 0.85 },
      { what: 'POST /predict against Flask, processor time', measured: cpu('Flask, gunicorn 2'), target: 12 },
      { what: 'POST /predict against Flask, requests/s', measured: speed('Flask, gunicorn 2'), target: 12 },
    );
  }
  return lines;
}

export function printTargets(reports: Reports): void {
  const lines = targetLines(reports);
  if (lines.length === 0) return;
  const digits = (value: number) => (value < 2 ? 2 : value < 1000 ? 1 : 0);
  const rows = lines.map(({ what, measured, target, most = false }) => [
    what,
    number(measured, digits(measured)),
    `${most ? 'at most' : 'at least'} ${number(target, digits(target))}`,
    (most ? measured <= target : measured >= target) ? 'met' : 'missed',
  ]);
  process.stdout.write(`against the targets\n${formatTable([['', 'measured', 'target', ''], ...rows])}\n`);
}
