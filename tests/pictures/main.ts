/**
 * `make pictures`: takes the pictures of docs/pictures anew, from what they show: a pipeline run in a clone, its MLflow, the page with
 * its model, Prometheus with traffic. Needs Chromium and Prometheus (make test installs them). Without a name it takes all.
 *
 *     node tests/pictures/main.ts [pipeline] [monitoring]
 *     node tests/pictures/main.ts still NAME...   somebody has looked: the picture still shows what there is
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runMain, usageError } from '../../ml/errors.ts';
import { launchChromium } from '../support/chromium.ts';
import { noteTaken, SOURCES } from './manifest.ts';
import { takeMonitoringPictures } from './monitoring.ts';
import { takePagePictures } from './page.ts';
import { runPipelines, takeMlflowPictures } from './pipeline.ts';

const root = resolve(import.meta.dirname, '../..');
const pictures = join(root, 'docs/pictures');

const isOfMonitoring = (name: string) => /^(monitoring|prometheus|dashboard)/.test(name);

await runMain(async () => {
  const asked = process.argv.slice(2);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  if (asked[0] === 'still') {
    const unknown = asked.slice(1).find((name) => !Object.hasOwn(SOURCES, name));
    if (unknown !== undefined)
      throw usageError('ARGUMENTS', `there is no picture "${unknown}"`, Object.keys(SOURCES).join(', '));
    return noteTaken(asked.slice(1), commit);
  }
  const wrong = asked.find((each) => !['pipeline', 'monitoring'].includes(each));
  if (wrong !== undefined) throw usageError('ARGUMENTS', `there are no pictures "${wrong}"`, 'pipeline, monitoring');
  const wanted = (name: string) => asked.length === 0 || asked.includes(name);
  const folder = await mkdtemp(join(tmpdir(), 'pictures-'));
  const browser = await launchChromium();
  try {
    console.log('the pipeline, twice');
    const pipeline = await runPipelines(folder, pictures);
    try {
      if (wanted('pipeline')) {
        console.log('MLflow and the page');
        await takeMlflowPictures(browser, pipeline, pictures);
        const env = { MLFLOW_TRACKING_URI: pipeline.address, MODEL_CACHE_DIR: join(folder, 'cache') };
        await takePagePictures(browser, 'models:/my_model/Production', env, pictures);
        noteTaken(
          Object.keys(SOURCES).filter((name) => !isOfMonitoring(name)),
          commit,
        );
      }
      if (wanted('monitoring')) {
        console.log('Prometheus and the dashboard');
        const [model, texts] = ['models/model.bin', 'data/raw/test.jsonl'].map((each) => join(pipeline.folder, each));
        await takeMonitoringPictures(browser, model, texts, pictures);
        noteTaken(Object.keys(SOURCES).filter(isOfMonitoring), commit);
      }
    } finally {
      await pipeline.stop();
    }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
});
