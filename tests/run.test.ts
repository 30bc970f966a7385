import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { paths } from '../ml/stages/paths.ts';
import { freePort } from './support/listen.ts';
import { need } from './support/need.ts';
import { descendantsOf, isRunning, type Running, start } from './support/process.ts';
import { copyRepository, type Repository } from './support/repository.ts';
import { sharedMlflow } from './support/shared.ts';
import { setParams, useSmallCorpus } from './support/small_corpus.ts';

/** Printed with the addresses if it is up by then, otherwise later. */
const MLFLOW_READY = /MLflow {4,}http\S+\n|MLflow is ready at/;

describe.skipIf(!need('dvc') || !need('mlflow'))('make run and make pipeline', () => {
  let repository: Repository;
  let port: number;
  let mlflowPort: number;
  const started: Running[] = [];

  beforeAll(async () => {
    repository = copyRepository({ installed: true });
    useSmallCorpus(repository.root);
    [port, mlflowPort] = [await freePort(), await freePort()];
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((each) => each.stop()));
  });
  afterAll(() => repository.remove());

  const file = (path: string) => join(repository.root, path);
  const serverLog = () => statSync(file(`${paths.mlflow}/server.log`)).mtimeMs;

  /** The command that the Makefile runs. */
  function command(name: string, settings: Record<string, string> = {}): Running {
    const { MLFLOW_TRACKING_URI: _mine, ...env } = process.env;
    const running = start(process.execPath, ['scripts/run.ts', name], {
      cwd: repository.root,
      env: { ...env, PORT: String(port), MLFLOW_PORT: String(mlflowPort), ...settings },
    });
    started.push(running);
    return running;
  }

  /** Sends Ctrl-C and checks that no process remains. */
  async function interrupt(running: Running): Promise<number | null> {
    const children = descendantsOf(running.pid);
    expect(children.length).toBeGreaterThan(0);
    running.child.kill('SIGINT');
    const { code } = await running.ended;
    expect(children.filter(isRunning)).toEqual([]);
    return code;
  }

  test('Ctrl-C during a stage stops everything and releases the lock', async () => {
    const running = command('pipeline');
    // MLflow, DVC and the stage.
    await expect.poll(() => descendantsOf(running.pid).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
    const second = await command('pipeline').ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      /^error: another pipeline run \(process \d+\) is running in this folder \(PIPELINE_BUSY\)\n/,
    );
    expect(await interrupt(running)).toBe(130);
    expect(existsSync(file(`${paths.local}/pipeline.lock`))).toBe(false);
    expect(existsSync(file(`${paths.mlflow}/server.json`))).toBe(false);
  });

  test('run prints three addresses that answer, and Ctrl-C leaves no process behind', async () => {
    const running = command('run');
    await running.prints('Ctrl-C stops everything');
    expect(running.output()).toContain('promoted: my_model version 1 is Production');
    const [page, metrics, mlflow] = [...running.output().matchAll(/^ {2}(?:page|metrics|MLflow) {2,}(http\S+)$/gm)].map(
      (match) => match[1],
    );
    expect(await (await fetch(page)).text()).toContain('<form');
    expect(await (await fetch(metrics)).text()).toContain('app_request_count_total');
    expect(mlflow).toMatch(/\/#\/experiments\/\d+\/runs\?workflowType=machine_learning$/);
    expect((await fetch(new URL('/health', mlflow))).ok).toBe(true);
    const body = JSON.stringify({ text: 'a lovely and moving film' });
    const answer = await fetch(`${page}predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(await answer.json()).toMatchObject({ label: 'positive', model: { name: 'my_model', version: '1' } });
    expect(await interrupt(running)).toBe(0);
  });

  test('pipeline starts no MLflow when nothing has changed', async () => {
    const before = serverLog();
    const { code, stdout } = await command('pipeline').ended;
    expect(code).toBe(0);
    expect(stdout).toContain('nothing has changed since the last run: promoted: my_model version 1 is Production');
    expect(serverLog()).toBe(before);
  });

  test('without changes run shows the page before MLflow has started, and keeps it after MLflow has died', async () => {
    const running = command('run');
    const page = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
    await running.prints('Ctrl-C stops everything');
    expect(await page()).toBe(200);
    await running.prints(MLFLOW_READY);
    process.kill(JSON.parse(readFileSync(file(`${paths.mlflow}/server.json`), 'utf8')).pid, 'SIGKILL');
    await running.prints('the service keeps running without it');
    expect(running.output()).toContain('error: the local MLflow exited by itself (exit code 128):');
    expect(await page()).toBe(200);
    expect(await interrupt(running)).toBe(0);
  });

  test('notices data that changed under the same name, and exits with 3 when the gate refuses the model', async () => {
    appendFileSync(file('reviews.csv'), 'An odd but honest effort that I liked.,positive\n');
    setParams(repository.root, { 'promote_model.min_behaviour_pass': 1, 'model_building.C': 4 });
    const { code, stdout } = await command('pipeline').ended;
    expect(stdout).toMatch(/^ {2}data_ingestion +\d+\.\d s$/m);
    expect(code).toBe(3);
    expect(stdout).toContain('the gate refused this model: Production stays as it was');
    const again = await command('pipeline').ended;
    expect(again.code).toBe(3);
    expect(again.stdout).toContain(
      'nothing has changed since the last run: refused: my_model version 2 stays in Staging',
    );
  });

  test('run serves the Production model when the new one is refused; a parallel pipeline shares its MLflow', async () => {
    const running = command('run');
    await running.prints('Serving my_model version 1');
    await running.prints(MLFLOW_READY);
    setParams(repository.root, { 'model_building.C': 3, 'promote_model.min_behaviour_pass': 0 });
    const beside = await command('pipeline').ended;
    expect(beside.stdout).toContain(`http://127.0.0.1:${mlflowPort}`);
    expect(beside.stdout).toContain('promoted: my_model version 3 is Production');
    expect((await fetch(`http://127.0.0.1:${mlflowPort}/health`)).ok).toBe(true);
    expect(await interrupt(running)).toBe(0);
  });

  test('reports a port in use in one sentence, before any work', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { code, stdout, stderr } = await command('run').ended;
      const next = `stop the program that uses it, or choose another port: PORT=${port + 1}`;
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: '',
        stderr: `error: port ${port} is in use (PORT_BUSY)\n  next: ${next}\n`,
      });
    } finally {
      other.close();
    }
  });

  test('shows the last messages of an MLflow that cannot start', async () => {
    rmSync(file(paths.mlflow), { recursive: true });
    mkdirSync(file(paths.mlflow));
    writeFileSync(
      file(`${paths.mlflow}/mlflow.db`),
      'this is no database, and longer than a header of SQLite would be',
    );
    const { code, stderr } = await command('pipeline').ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: the local MLflow exited by itself \(exit code \d+\):\n(.*\n)+ {2}next: .*server\.log/,
    );
    expect(stderr).toContain('file is not a database');
  });

  test('uses the given tracking server instead of a local one, and does not show its password', async () => {
    const { uri } = await sharedMlflow();
    setParams(repository.root, { 'register_model.model_name': 'run_test_model' });
    const MLFLOW_TRACKING_URI = uri.replace('//', '//somebody:a-secret-word@');
    const { code, stdout, stderr } = await command('pipeline', { MLFLOW_TRACKING_URI }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^ {2}MLflow +\\d+\\.\\d s {2}${uri}$`, 'm'));
    expect(stdout).toContain('promoted: run_test_model version 1 is Production');
    expect(stdout).not.toContain('a-secret-word');
    expect(existsSync(file(`${paths.mlflow}/receipt.json`))).toBe(false);
  });
});
