/**
 * `make run`, `make pipeline` and `make mlflow`: everything on this machine, nothing left running afterwards.
 * The parts are in scripts/local/; this file puts them in order.
 */
import { resolve } from 'node:path';
import { runMain, SentimentError, usageError } from '../ml/errors.ts';
import { MLFLOW_HOST, mlflowIsRunning, trackingServer } from './local/mlflow.ts';
import { lockPipeline, type PipelineOptions, type PipelineResult, REFUSED, runPipeline } from './local/pipeline.ts';
import { stopOrphans } from './local/processes.ts';
import { cancelOnSignals, portBusy, portIsFree, programEnvironment, untilAborted } from './local/programs.ts';
import { progressOn } from './local/progress.ts';
import { writeReceipt } from './local/receipt.ts';
import { serve } from './local/serve.ts';
import { readSettings, type Settings, settingsHelp } from './local/settings.ts';

const help = `usage: node scripts/run.ts pipeline | run | mlflow     (make pipeline, make run, make mlflow)

  pipeline   the six stages of dvc.yaml, then promotion; exit code 3 when the gate refuses
  run        the same, then the service in the foreground; Ctrl-C stops everything
  mlflow     only the local MLflow, in the foreground

${settingsHelp}
`;

const root = resolve(import.meta.dirname, '..');

type Job = PipelineOptions & { settings: Settings };

const commands: Record<string, (job: Job) => Promise<PipelineResult | undefined>> = { pipeline, run, mlflow };

async function main(): Promise<void> {
  const [command = ''] = process.argv.slice(2);
  if (command === '--help' || command === '-h') return print(help);
  const work = commands[command];
  if (!work) throw usageError('COMMAND', `"${command}" is not a command`, 'see node scripts/run.ts --help');
  process.chdir(root);
  const env = programEnvironment(root);
  const settings = readSettings(env);
  if ((await stopOrphans(root)) > 0) print('  stopped what a killed run had left running\n');
  await checkPorts(settings, command);
  const { cancelled, cancel } = cancelOnSignals();
  const tracking = trackingServer(root, env, settings);
  const job = { root, env, settings, tracking, progress: progressOn(process.stdout), cancelled };
  let result: PipelineResult | undefined;
  try {
    result = await work(job);
  } finally {
    // After an error, programs may still be running.
    cancel();
    await tracking.started()?.stop();
  }
  if (result?.receipt && tracking.started()?.owned) writeReceipt(root, result.receipt);
}

async function pipeline(job: Job): Promise<PipelineResult> {
  const unlock = lockPipeline(root);
  try {
    const result = await runPipeline(job);
    const { exitCode, reasons } = result.outcome;
    process.exitCode = exitCode;
    if (!result.receipt && job.tracking.local) print(`  nothing has changed since the last run: ${reasons.at(-1)}\n`);
    if (exitCode === REFUSED) print('  the gate refused this model: Production stays as it was\n');
    return result;
  } finally {
    job.progress.done('stopped');
    unlock();
  }
}

async function run(job: Job): Promise<PipelineResult> {
  // Its address is printed, even when the pipeline does not need it.
  const server = await job.tracking.start();
  const result = await pipeline(job);
  const { production } = result.outcome;
  if (!production) {
    const next = 'the reason is above; floors and significance level are in params.yaml, promote_model';
    throw new SentimentError('NO_PRODUCTION', 'no model is in Production, so there is nothing to serve', {
      next,
      exitCode: REFUSED,
    });
  }
  await serve({ ...job, production, mlflow: server, print });
  process.exitCode = 0;
  return result;
}

async function mlflow(job: Job): Promise<undefined> {
  const server = await job.tracking.start();
  job.progress.start('MLflow');
  await Promise.race([server.ready, server.failure, untilAborted(job.cancelled)]);
  job.progress.done(server.address);
  await Promise.race([untilAborted(job.cancelled), server.failure]);
}

/** Runs before any work, so that a busy port is reported at once and not after two minutes. */
async function checkPorts(settings: Settings, command: string): Promise<void> {
  if (command === 'run' && !(await portIsFree(settings.port, settings.host))) {
    throw portBusy('PORT', settings.port);
  }
  if (!settings.trackingUri && settings.exactMlflowPort && !mlflowIsRunning(root)) {
    if (!(await portIsFree(settings.mlflowPort, MLFLOW_HOST))) throw portBusy('MLFLOW_PORT', settings.mlflowPort);
  }
}

function print(text: string): void {
  process.stdout.write(text);
}

await runMain(main);
