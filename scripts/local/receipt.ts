/**
 * What lets `make pipeline` end without starting MLflow when nothing has changed: a note, written when registration and
 * promotion are done and the local MLflow has stopped, of all that they depend on and of what they came to.
 *
 * Any doubt means that there is no receipt: it counts only while every input, every line of code under ml/ and MLflow's
 * database file (size, time, inode) are as they were.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { writeText } from '../../ml/files.ts';
import { paths } from '../../ml/stages/paths.ts';
import type { Environment } from './environment.ts';
import { databaseFile } from './mlflow.ts';
import type { Production } from './production.ts';

/** How a pipeline run ended: exit code 0 (promoted, or in Production already) or 3 (refused), and why. */
export type Outcome = { exitCode: number; reasons: string[]; production: Production | undefined };

export type Receipt = { inputs: string; database: string; outcome: Outcome };

/** They say where the local server is, not what is in it. */
const ofTheServer = ['MLFLOW_PORT', 'MLFLOW_TRACKING_URI'];

/** Hash of what registration and promotion read: settings, DVC's lock (it holds the model's digest), code, MLflow's own settings. */
export function pipelineInputs(root: string, env: Environment): string {
  const hash = createHash('sha256');
  const code = globSync('ml/**/*.ts', { cwd: root }).sort();
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

/** `database` is its state right after promotion. Call it when MLflow has stopped; what changed meanwhile voids it. */
export function writeReceipt(root: string, receipt: Receipt): void {
  writeText(receiptFile(root), JSON.stringify(receipt));
}

/** Call it before anything is registered. */
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
