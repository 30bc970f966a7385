/** The local MLflow of `make run`, `make pipeline` and `make compare`, one after the other in one folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startLocalMlflow, type TrackingServer } from '../scripts/local/mlflow.ts';
import { programEnvironment } from '../scripts/local/programs.ts';
import { need } from './support/need.ts';

const env = programEnvironment(resolve(import.meta.dirname, '..'));

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'local-mlflow-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

async function started(root: string): Promise<TrackingServer> {
  const server = await startLocalMlflow({ root, env, port: 5400, exactPort: false });
  onTestFinished(() => server.stop());
  await server.ready;
  return server;
}

describe.skipIf(!need('mlflow'))('the local MLflow', () => {
  test('a second start uses the running server and does not stop it', async () => {
    const root = folder();
    const first = await started(root);
    const second = await started(root);
    expect([first.owned, second.owned, second.uri]).toEqual([true, false, first.uri]);
    await second.stop();
    expect((await fetch(`${first.uri}/health`)).status).toBe(200);
  });

  test('a start while the server is being stopped waits for its end and starts another one', async () => {
    const root = folder();
    const first = await started(root);
    const end = first.stop();
    const second = await started(root);
    await end;
    expect(second.owned).toBe(true);
    expect((await fetch(`${second.uri}/health`)).status).toBe(200);
  });
});
