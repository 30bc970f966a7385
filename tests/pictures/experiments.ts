/**
 * MLflow's parallel coordinates of the comparison and of the tuning, from the figures of reports/experiments. MLflow cuts names
 * to ten letters, so that most look alike; here the page draws all of them, with room on the left.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { trackingConfig } from '../../ml/tracking/config.ts';
import { comparePage } from '../../ml/tracking/pages.ts';
import { createRun, endRun, ensureExperiment, logValues } from '../../ml/tracking/runs.ts';
import { startMlflow } from '../support/mlflow.ts';

const root = resolve(import.meta.dirname, '../..');
const MARGIN = 'layout:{autosize:!0,margin:{t:50}}';
const CUT = /(ticktext=\w+\.map\(\w+=>\w+)\.substring\(0,10\)/;

type Row = { cell: string; algorithm: string; features: string; accuracy: number };

/** What varies in the study, as its runs log it. */
const paramsOf: Record<string, (row: Row) => Record<string, string>> = {
  compare: ({ algorithm, features }) => ({ algorithm, features }),
  tune: ({ cell }) => Object.fromEntries(cell.split(' ').map((part) => part.split('='))),
};

export async function takeExperimentsPictures(browser: Browser, pictures: string): Promise<void> {
  const server = await startMlflow();
  try {
    const config = trackingConfig(server.env);
    const id = await ensureExperiment(config, 'Model_Selection');
    const page = await (await browser.newContext({ viewport: { width: 1400, height: 640 } })).newPage();
    let whole = 0;
    await page.route('**/*.js', async (route) => {
      const response = await route.fetch();
      const body = await response.text();
      if (CUT.test(body)) whole++;
      await route.fulfill({
        response,
        body: body.replace(CUT, '$1').replace(MARGIN, MARGIN.replace('t:50', 't:50,l:220')),
      });
    });
    for (const [study, params] of Object.entries(paramsOf)) {
      const { rows } = JSON.parse(readFileSync(join(root, `reports/experiments/${study}.json`), 'utf8')) as {
        rows: Row[];
      };
      const runs: string[] = [];
      for (const row of rows) {
        const run = await createRun(config, id, row.cell, {});
        await logValues(config, run.id, { params: params(row), metrics: { accuracy: row.accuracy } }, run.startTime);
        await endRun(config, run.id, 'FINISHED');
        runs.push(run.id);
      }
      // Another address with the same path would not load the page anew.
      await page.goto('about:blank');
      await page.goto(comparePage(server.uri, id, runs));
      await page.locator('.parcoords').first().waitFor({ timeout: 300_000 });
      await page.waitForTimeout(3000);
      const assistant = page.getByRole('button', { name: 'Close' });
      if (await assistant.first().isVisible()) {
        // It stays closed, and the plot gets its room.
        await assistant.first().click();
        await page.reload();
        await page.locator('.parcoords').first().waitFor({ timeout: 300_000 });
      }
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(pictures, `experiments-${study}.png`) });
    }
    if (whole === 0) throw new Error('MLflow cuts names in another way now: see CUT in tests/pictures/experiments.ts');
    await page.context().close();
  } finally {
    await server.stop();
  }
}
