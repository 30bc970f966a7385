/**
 * Batches: POST /predict with 32 texts a request, by the service. What counts is texts by second of
 * the service's processor time, which is what one core does; beside it stands what Model.predict alone does.
 */
import { runJson } from './child.ts';
import type { BenchModels, Corpora } from './inputs.ts';
import type { Peers } from './peers.ts';
import { buildBundle, startServer } from './serve.ts';
import { roundsOf } from './settings.ts';
import { formatRatio, formatSummary, formatTable, type Ratio, ratioOf, summarize } from './statistics.ts';

const ROUNDS = roundsOf(5);
// One is answered while the other comes in; more would only be shed on a busy machine.
const CONNECTIONS = '2';
const WARM_UP = '1';
const SECONDS = '3';
const TEXTS = 32;

export type BatchReport = {
  task: string;
  textsPerSecond: number[];
  textsPerCpuSecond: number[];
  predictPerCpuSecond: number[];
  /** What the service does of what Model.predict does. */
  ratio: Ratio;
};

export async function benchBatches(corpora: Corpora, models: BenchModels, peers: Peers): Promise<BatchReport[]> {
  await buildBundle();
  const reports: BatchReport[] = [];
  const rows = [['', 'texts/s', 'texts/CPU s', 'Model.predict, texts/CPU s', 'ratio']];
  for (const [task, model] of [
    ['words', models.words],
    ['words+chars', models.chars],
    ['params.yaml', models.standard],
  ]) {
    const report = await measure(task, model, corpora.snippets.test, models, peers);
    reports.push(report);
    const speeds = [report.textsPerSecond, report.textsPerCpuSecond, report.predictPerCpuSecond];
    rows.push([task, ...speeds.map((values) => formatSummary(summarize(values), 0)), formatRatio(report.ratio)]);
  }
  const title = `batches: POST /predict, ${TEXTS} snippets a request, ${CONNECTIONS} connections, ${ROUNDS} rounds`;
  process.stdout.write(`${title} of ${SECONDS} s\n${formatTable(rows)}\n`);
  return reports;
}

async function measure(
  task: string,
  model: string,
  texts: string,
  models: BenchModels,
  peers: Peers,
): Promise<BatchReport> {
  const textsPerSecond: number[] = [];
  const textsPerCpuSecond: number[] = [];
  const predictPerCpuSecond: number[] = [];
  const server = await startServer('ours', { ...models, standard: model }, peers);
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      process.stderr.write(`batches, ${task}: round ${round} of ${ROUNDS}\n`);
      const args = [String(server.port), texts, CONNECTIONS, '0'];
      await runJson(['node', 'bench/load.ts', ...args, WARM_UP, String(TEXTS)]);
      const before = server.cpuSeconds();
      const load = await runJson<{ requestsPerSecond: number }>([
        'node',
        'bench/load.ts',
        ...args,
        SECONDS,
        String(TEXTS),
      ]);
      const speed = load.requestsPerSecond * TEXTS;
      textsPerSecond.push(speed);
      textsPerCpuSecond.push((speed * Number(SECONDS)) / (server.cpuSeconds() - before));
      const alone = await runJson<{ textsPerSecond: number[] }>(['node', 'bench/score_ours.ts', model, texts, '1']);
      predictPerCpuSecond.push(summarize(alone.textsPerSecond).median);
    }
  } finally {
    await server.stop();
  }
  const ratio = ratioOf(textsPerCpuSecond, predictPerCpuSecond);
  return { task, textsPerSecond, textsPerCpuSecond, predictPerCpuSecond, ratio };
}
