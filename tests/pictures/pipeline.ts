/**
 * Pictures of the pipeline on this machine, in a clone of its own: what `make pipeline` prints, two runs and two versions in
 * MLflow, and what `rollback-model` prints.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { drawTerminal, record } from './terminal.ts';

const root = join(import.meta.dirname, '../..');

export type Pipeline = { folder: string; address: string; stop(): Promise<void> };

/** Runs the pipeline twice, with the settings as they are and with a larger C, and leaves its MLflow running. */
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
  writeFileSync(
    join(pictures, 'terminal-pipeline.svg'),
    drawTerminal(
      first,
      'What make pipeline prints',
      /^ {8}\d+ (neutral|duplicate|conflict)|GroundTruth|fairness\.yaml|_se\b/,
    ),
  );
  const params = join(clone, 'params.yaml');
  writeFileSync(params, readFileSync(params, 'utf8').replace(/^(model_building:\n(?: .*\n|\n)*? {2}C: ).*$/m, '$10.9'));
  // The gate may refuse it; two runs and two versions there are all the same.
  const second = await run('make pipeline', ['scripts/run.ts', 'pipeline'], [0, 3]);
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
  // There is a way back only if the second one was promoted.
  const back = ['cli/main.ts', 'rollback-model', '--reason', 'worse on our own texts'];
  const rolledBack = await record(
    'npm run -s sentiment -- rollback-model --reason "worse on our own texts"',
    [process.execPath, ...back],
    { cwd: clone, env: { ...own, MLFLOW_TRACKING_URI: address } },
    second.code === 0 ? [0] : [0, 1, 2],
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
  await shoot(href.replace(/^.*#/, ''), /^roc_auc$/, 'mlflow-run.png');
  await shoot('/models/my_model', /^Version 1$/, 'mlflow-model.png');
  await page.context().close();
}
