import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databaseState, dropReceipt, pipelineInputs, readReceipt, writeReceipt } from './receipt.ts';

const outcome = {
  exitCode: 0,
  reasons: ['version 1 is in Production'],
  production: { path: '.local/models/1.bin', name: 'my_model', version: '1' },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'receipt-'));
  write('params.yaml', 'C: 1');
  write('dvc.lock', 'md5: 0');
  write('ml/stages/promote_model.ts', 'code');
  write('.local/mlflow/mlflow.db', 'database');
  write('.local/models/1.bin', 'model');
  writeReceipt(root, { inputs: pipelineInputs(root, {}), database: databaseState(root), outcome });
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test('a receipt gives the outcome as long as nothing has changed', () => {
  expect(readReceipt(root, pipelineInputs(root, {}))).toEqual(outcome);
});

test.each([
  ['a setting', () => write('params.yaml', 'C: 2')],
  ['a stage', () => write('dvc.lock', 'md5: 1')],
  ['the code', () => write('ml/stages/promote_model.ts', 'other code')],
  ['a new file of code', () => write('ml/evaluation/gate.ts', '')],
  ["MLflow's database", () => write('.local/mlflow/mlflow.db', 'database with a run more')],
  ['the loss of the database', () => rmSync(join(root, '.local/mlflow/mlflow.db'))],
  ['the loss of the Production model', () => rmSync(join(root, '.local/models/1.bin'))],
  ['a damaged receipt', () => write('.local/mlflow/receipt.json', '{"inputs"')],
  ['dropping it', () => dropReceipt(root)],
])('%s voids it', (_, change) => {
  change();
  expect(readReceipt(root, pipelineInputs(root, {}))).toBeUndefined();
});

test("an environment variable of MLflow's voids it, another one does not", () => {
  expect(readReceipt(root, pipelineInputs(root, { TERM: 'xterm' }))).toEqual(outcome);
  expect(readReceipt(root, pipelineInputs(root, { MLFLOW_EXPERIMENT_NAME: 'other' }))).toBeUndefined();
});
