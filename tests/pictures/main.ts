/**
 * `make pictures`: takes the pictures of docs/pictures anew, from what they show: a pipeline run in a clone, its MLflow, the page with
 * its model and with a model of three classes, Prometheus with traffic. Needs Chromium and Prometheus (make test installs them).
 * Without a name it takes all.
 *
 *     node tests/pictures/main.ts [pipeline] [monitoring] [experiments] [classes]
 *     node tests/pictures/main.ts still NAME...   somebody has looked: the picture still shows what there is
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runMain, usageError } from '../../ml/errors.ts';
import { launchChromium } from '../support/chromium.ts';
import { takeExperimentsPictures } from './experiments.ts';
import { noteTaken, SOURCES } from './manifest.ts';
import { takeMonitoringPictures } from './monitoring.ts';
import { takeClassesPictures, takePagePictures } from './page.ts';
import { runPipelines, takeMlflowPictures } from './pipeline.ts';

const root = resolve(import.meta.dirname, '../..');
const pictures = join(root, 'docs/pictures');

const GROUPS = ['pipeline', 'monitoring', 'experiments', 'classes'] as const;
type Group = (typeof GROUPS)[number];

function groupOf(name: string): Group {
  if (/^(monitoring|prometheus|dashboard)/.test(name)) return 'monitoring';
  if (name.startsWith('experiments')) return 'experiments';
  return name.startsWith('page-classes') ? 'classes' : 'pipeline';
}

await runMain(async () => {
  const asked = process.argv.slice(2);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  if (asked[0] === 'still') {
    const unknown = asked.slice(1).find((name) => !Object.hasOwn(SOURCES, name));
    if (unknown !== undefined)
      throw usageError('ARGUMENTS', `there is no picture "${unknown}"`, Object.keys(SOURCES).join(', '));
    return noteTaken(asked.slice(1), commit);
  }
  const wrong = asked.find((each) => !(GROUPS as readonly string[]).includes(each));
  if (wrong !== undefined) throw usageError('ARGUMENTS', `there are no pictures "${wrong}"`, GROUPS.join(', '));
  const take = async (group: Group, what: string, capture: () => Promise<void>) => {
    if (asked.length > 0 && !asked.includes(group)) return;
    console.log(what);
    await capture();
    noteTaken(
      Object.keys(SOURCES).filter((name) => groupOf(name) === group),
      commit,
    );
  };
  const folder = await mkdtemp(join(tmpdir(), 'pictures-'));
  const browser = await launchChromium();
  try {
    await take('experiments', 'the comparison and the tuning in MLflow', () =>
      takeExperimentsPictures(browser, pictures),
    );
    await take('classes', 'a model of three classes and the page', () => {
      const model = join(folder, 'classes.bin');
      const train = `cli/main.ts train --data embedded:movies --classes negative neutral positive --neutral-band 0.5 --out ${model}`;
      execFileSync(process.execPath, train.split(' '), { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
      return takeClassesPictures(browser, model, pictures);
    });
    if (asked.length > 0 && !asked.includes('pipeline') && !asked.includes('monitoring')) return;
    console.log('the pipeline, three times');
    const pipeline = await runPipelines(folder, pictures);
    try {
      await take('pipeline', 'MLflow and the page', async () => {
        await takeMlflowPictures(browser, pipeline, pictures);
        const env = { MLFLOW_TRACKING_URI: pipeline.address, MODEL_CACHE_DIR: join(folder, 'cache') };
        await takePagePictures(browser, 'models:/my_model/Production', env, pictures);
      });
      await take('monitoring', 'Prometheus and the dashboard', async () => {
        const [model, texts] = ['models/model.bin', 'data/raw/test.jsonl'].map((each) => join(pipeline.folder, each));
        await takeMonitoringPictures(browser, model, texts, pictures);
      });
    } finally {
      await pipeline.stop();
    }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
});
