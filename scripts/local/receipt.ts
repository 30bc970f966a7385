/**
 * What earlier runs have left, so that `make pipeline` does nothing twice.
 *
 * A receipt is written once a model is registered and promoted and the local MLflow has stopped. It records all inputs
 * and the outcome, and counts only while every input, every file of code under ml/ and of sentences under behaviour/, and
 * MLflow's database file (size, time, inode) are unchanged. In any doubt there is no receipt.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SentimentError } from '../../ml/errors.ts';
import { writeText } from '../../ml/files.ts';
import { fetchModel } from '../../ml/model/remote.ts';
import { readParams } from '../../ml/params.ts';
import { paths } from '../../ml/stages/paths.ts';
import { databaseFile } from './mlflow.ts';
import type { Environment } from './programs.ts';

/** The Production model as a file on this machine, so that the service can start before MLflow answers. */
export type Production = { path: string; name: string; version: string };

/** Returns undefined when no version is in Production. `env` names the tracking server. */
export async function fetchProduction(env: Environment): Promise<Production | undefined> {
  const name = readParams(paths.params).register_model.model_name;
  try {
    const { path, version } = await fetchModel(`models:/${name}/Production`, { cacheDir: paths.modelCache, env });
    return { path, name, version };
  } catch (error) {
    if (error instanceof SentimentError && error.code === 'MODEL_NOT_REGISTERED') return undefined;
    throw error;
  }
}

/** How a pipeline run ended: exit code 0 (promoted, or in Production already) or 3 (refused), and why. */
export type Outcome = { exitCode: number; reasons: string[]; production: Production | undefined };

export type Receipt = { inputs: string; database: string; outcome: Outcome };

/** These say where the local server runs, not what it holds. */
const ofTheServer = ['MLFLOW_PORT', 'MLFLOW_TRACKING_URI'];

/** Hash of what registration and promotion read: settings, DVC's lock (it holds the model's digest), code, MLflow's own settings. */
export function pipelineInputs(root: string, env: Environment): string {
  const hash = createHash('sha256');
  const code = globSync(['ml/**/*.ts', 'behaviour/*'], { cwd: root }).sort();
  for (const file of [paths.params, paths.lock, 'package-lock.json', ...code]) {
    hash
      .update(`${file}\0`)
      .update(contentOf(resolve(root, file)))
      .update('\0');
  }
  const settings = Object.entries(env).filter(([name]) => name.startsWith('MLFLOW_') && !ofTheServer.includes(name));
  return hash.update(JSON.stringify(settings.sort())).digest('hex');
}

export function readReceipt(root: string, inputs: string): Outcome | undefined {
  try {
    const receipt: Receipt = JSON.parse(readFileSync(receiptFile(root), 'utf8'));
    const { production } = receipt.outcome;
    if (production && !existsSync(resolve(root, production.path))) return undefined;
    return receipt.inputs === inputs && receipt.database === databaseState(root) ? receipt.outcome : undefined;
  } catch {
    return undefined;
  }
}

/** `database` is its state right after promotion. Call this once MLflow has stopped; any change since then voids the receipt. */
export function writeReceipt(root: string, receipt: Receipt): void {
  writeText(receiptFile(root), JSON.stringify(receipt));
}

/** Call this before anything is registered. */
export function dropReceipt(root: string): void {
  rmSync(receiptFile(root), { force: true });
}

function receiptFile(root: string): string {
  return resolve(root, paths.mlflow, 'receipt.json');
}

/** Changes with every write of MLflow. */
export function databaseState(root: string): string {
  const { ino, size, mtimeNs } = statSync(databaseFile(root), { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

function contentOf(path: string): Buffer | string {
  try {
    return readFileSync(path);
  } catch {
    return '';
  }
}
