/**
 * Pictures of the pipeline on this machine, in a clone of its own: what `make pipeline` prints, several runs and versions in
 * MLflow, the data in DVC's remote, and what `rollback-model` prints.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { drawTerminal, record, together } from './terminal.ts';

const root = join(import.meta.dirname, '../..');

export type Pipeline = { folder: string; address: string; stop(): Promise<void> };

/** What lies between the lines that say what a stage made. */
const DETAILS =
  /^ {8}(\d+ |https?:|average|precision|recall|F1|log loss|Brier)|^ {10}|GroundTruth|fairness|left out|held out:|, words|abs\(/;

/** Runs the pipeline with the settings as they are and with two smaller C, and leaves its MLflow running. */
export async function runPipelines(folder: string, pictures: string): Promise<Pipeline> {
  const clone = join(folder, 'clone');
  execFileSync('git', ['clone', '--quiet', root, clone]);
  for (const each of ['node_modules', '.venv', '.tools']) symlinkSync(join(root, each), join(clone, each));
  const own = {
    ...process.env,
    PATH: ['.tools/bin', 'node_modules/.bin', '.venv/bin']
      .map((each) => join(root, each))
      .concat(process.env.PATH ?? '')
      .join(':'),
  };
  const run = (command: string, args: string[], codes?: number[]) =>
    record(command, [process.execPath, ...args], { cwd: clone, env: own }, codes);
  const first = await run('make pipeline', ['scripts/run.ts', 'pipeline']);
  writeFileSync(join(pictures, 'terminal-pipeline.svg'), drawTerminal(first, 'What make pipeline prints', DETAILS, 60));
  await takeDataPicture(clone, own, pictures);
  const params = join(clone, 'params.yaml');
  const set = (section: string, key: string, value: string) =>
    writeFileSync(
      params,
      readFileSync(params, 'utf8').replace(
        new RegExp(`^(${section}:\\n(?: .*\\n|\\n)*? {2}${key}: ).*$`, 'm'),
        `$1${value}`,
      ),
    );
  // The gate may refuse this one.
  set('model_building', 'C', '0.9');
  await run('make pipeline', ['scripts/run.ts', 'pipeline'], [0, 3]);
  set('model_building', 'C', '4');
  const last = await run('make pipeline', ['scripts/run.ts', 'pipeline'], [0, 3]);
  const server = spawn(process.execPath, ['scripts/run.ts', 'mlflow'], {
    cwd: clone,
    env: own,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      const found = /MLflow +\S+ s +(http:\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
    server.on('close', () => reject(new Error(`MLflow ended: ${text}`)));
  });
  // There is a way back only from a later one that was promoted.
  const back = ['cli/main.ts', 'rollback-model', '--reason', 'worse on our own texts'];
  const rolledBack = await record(
    'npm run -s sentiment -- rollback-model --reason "worse on our own texts"',
    [process.execPath, ...back],
    { cwd: clone, env: { ...own, MLFLOW_TRACKING_URI: address } },
    last.code === 0 ? [0] : [0, 1, 2],
  );
  writeFileSync(join(pictures, 'terminal-rollback.svg'), drawTerminal(rolledBack, 'What rollback-model prints'));
  return {
    folder: clone,
    address,
    async stop() {
      server.kill('SIGINT');
      await once(server, 'close');
    },
  };
}

/** The data of the pipeline, from DVC's cache to a remote. */
export async function takeDataPicture(clone: string, env: NodeJS.ProcessEnv, pictures: string): Promise<void> {
  const commands = [
    'tail -n 2 .dvc/config',
    'dvc push',
    'dvc status --cloud',
    'du -sh .local/dvc-remote',
    'find .local/dvc-remote -type f | head -3',
    'grep -m 1 -A 2 "path: data/raw/train.jsonl" dvc.lock',
  ];
  const recordings = [];
  for (const command of commands) recordings.push(await record(command, ['bash', '-c', command], { cwd: clone, env }));
  const screen = drawTerminal(
    together(recordings),
    'The data of the pipeline, pushed to a remote of DVC',
    /^Everything/,
  );
  writeFileSync(join(pictures, 'terminal-data.svg'), screen);
}

export async function takeMlflowPictures(browser: Browser, { address }: Pipeline, pictures: string): Promise<void> {
  const page = await (await browser.newContext({ viewport: { width: 1400, height: 760 } })).newPage();
  const shoot = async (path: string, says: RegExp, name: string) => {
    await page.goto(`${address}/#${path}`);
    await page.getByText(says).first().waitFor({ timeout: 120_000 });
    // MLflow asks its server for ever; what it draws last is there after a moment.
    await page.waitForTimeout(3000);
    // The assistant opens by itself, and has nothing to do with us.
    const assistant = page.getByRole('button', { name: 'Close' });
    if (await assistant.first().isVisible()) await assistant.first().click();
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(pictures, name) });
  };
  await shoot('/experiments/1/runs?workflowType=machine_learning', /^logistic_regression \w+$/, 'mlflow-runs.png');
  const link = page.locator('a[href*="/runs/"]').first();
  await link.waitFor({ timeout: 120_000 });
  const href = (await link.getAttribute('href')) ?? '';
  const run = href.replace(/^.*#/, '');
  await shoot(run, /^roc_auc$/, 'mlflow-run.png');
  await page.setViewportSize({ width: 1400, height: 860 });
  await shoot(run.replace(/\?|$/, '/artifacts/plots/roc.svg$&'), /plots\/roc\.svg/, 'mlflow-plot.png');
  // With the older form of the page, which has a column of stages.
  await page.setViewportSize({ width: 1400, height: 560 });
  await page.goto(`${address}/#/models/my_model`);
  await page
    .getByText(/^Version 1$/)
    .first()
    .waitFor({ timeout: 120_000 });
  await page.getByRole('switch').first().click();
  const sure = page.getByRole('dialog').getByRole('button', { name: /disable|switch|confirm|ok/i });
  await page.waitForTimeout(1000);
  if (await sure.first().isVisible()) await sure.first().click();
  await page.waitForTimeout(2000);
  await page.screenshot({ path: join(pictures, 'mlflow-model.png') });
  await page.context().close();
}
