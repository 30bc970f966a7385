/**
 * `make compare`, `make tune` and `make ablation`: runs a study of experiments.yaml, tracked by the user's MLflow or by a
 * local one, which is started if necessary and stopped afterwards.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { runMain, SentimentError } from '../ml/errors.ts';
import { trackingServer } from './local/mlflow.ts';
import { programEnvironment, untilAborted } from './local/programs.ts';
import { readSettings } from './local/settings.ts';

const root = resolve(import.meta.dirname, '..');

await runMain(async () => {
  process.chdir(root);
  const env = programEnvironment(root);
  const cancel = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => cancel.abort());
  const tracking = trackingServer(root, env, readSettings(env));
  try {
    const server = await tracking.start();
    await Promise.race([server.ready, server.failure, untilAborted(cancel.signal)]);
    if (cancel.signal.aborted) return;
    await Promise.race([study({ ...env, MLFLOW_TRACKING_URI: server.uri }, cancel.signal), server.failure]);
  } finally {
    cancel.abort();
    await tracking.started()?.stop();
  }
  if (tracking.local)
    console.log('the local MLflow was stopped: `make mlflow` starts it again, on the same address if that is free');
});

/** Runs the study to its end, or stops it when `cancelled`; finished cells are kept. */
async function study(env: NodeJS.ProcessEnv, cancelled: AbortSignal): Promise<void> {
  const program = spawn('node', ['ml/experiments/main.ts', ...process.argv.slice(2)], { env, stdio: 'inherit' });
  const end = () => void program.kill('SIGTERM');
  cancelled.addEventListener('abort', end, { once: true });
  const [code] = await once(program, 'exit');
  cancelled.removeEventListener('abort', end);
  if (code === 0) return;
  if (cancelled.aborted) {
    const next = 'run it again: it resumes where it stopped';
    throw new SentimentError('STOPPED', 'stopped before the end', { next, exitCode: 130 });
  }
  throw new SentimentError('STUDY_FAILED', 'the study failed: its error is above', { exitCode: code ?? 1 });
}
