/**
 * Speed side by side with peers, in one run: `make bench`, or parts of it: `node bench/run.ts train score serve observe`.
 *
 * Training and scoring are measured in processor time, which other programs disturb little, serving by the clock. What
 * counts are the ratios to the peers on the machine of the moment. Reports go to .local/bench/*.json.
 */
import { runMain, usageError } from '../ml/errors.ts';
import { writeText } from '../ml/files.ts';
import { prepareCorpora } from './corpora.ts';
import { benchFile } from './folder.ts';
import { describeMachine, printMachine } from './machine.ts';
import { trainBenchModels } from './models.ts';
import { benchObserving } from './observe.ts';
import { preparePeers } from './peers.ts';
import { benchScoring } from './score.ts';
import { benchServing } from './serve.ts';
import { benchTraining } from './train.ts';

const PARTS = ['train', 'score', 'serve', 'observe'] as const;

// Programs that are still running are ended by the exit of this one.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => process.exit(code));

await runMain(async () => {
  const parts = partsToRun(process.argv.slice(2));
  const peers = await preparePeers();
  const corpora = await prepareCorpora();
  const machine = await describeMachine(peers);
  printMachine(machine);
  const keep = (part: string, results: unknown) => writeReport(part, { machine, results });
  if (parts.has('train')) keep('train', await benchTraining(corpora, peers));
  if (!parts.has('score') && !parts.has('serve') && !parts.has('observe')) return;
  const models = await trainBenchModels(corpora.snippets, peers);
  if (parts.has('score')) keep('score', await benchScoring(corpora, models, peers));
  if (parts.has('serve')) keep('serve', await benchServing(corpora, models, peers));
  if (parts.has('observe')) keep('observe', await benchObserving(models.standard, corpora.snippets.test));
});

function partsToRun(args: string[]): Set<string> {
  const unknown = args.find((arg) => !PARTS.some((part) => part === arg));
  if (unknown !== undefined) {
    throw usageError(
      'USAGE',
      `there is no part ${JSON.stringify(unknown)}`,
      `name some of ${PARTS.join(', ')}, or none for all`,
    );
  }
  return new Set(args.length > 0 ? args : PARTS);
}

function writeReport(part: string, report: unknown): void {
  writeText(benchFile(`${part}.json`), `${JSON.stringify(report, null, 2)}\n`);
}
