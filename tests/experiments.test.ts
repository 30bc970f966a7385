/** Studies as programs: on a small corpus, with a real MLflow, killed and resumed, in shards, twice for the same bytes. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { trackingConfig } from '../ml/tracking/config.ts';
import { findExperiment, type Run, searchRuns } from '../ml/tracking/runs.ts';
import { programEnvironment } from '../scripts/local/programs.ts';
import { need } from './support/need.ts';
import { run, start } from './support/process.ts';
import { copyRepository } from './support/repository.ts';
import { sharedMlflow } from './support/shared.ts';
import { useSmallCorpus } from './support/small_corpus.ts';

const root = resolve(import.meta.dirname, '..');
const program = join(root, 'ml/experiments/main.ts');

let folder: string;
let experiment: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'experiments-test-'));
  experiment = `experiments ${randomUUID()}`;
  cpSync(join(root, 'ml/testdata/params.yaml'), join(folder, 'params.yaml'));
  useSmallCorpus(folder);
  writeFileSync(join(folder, 'experiments.yaml'), stringify(settings()));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Six algorithms on two sets of features, and a penalty to tune. */
function settings() {
  const trees = { max_depth: 0, min_child_weight: 1, max_bins: 16 };
  const boosting = { rounds: 10, learning_rate: 0.3, lambda: 1, ...trees, max_depth: 3 };
  const plain = { calibration: 'none' };
  const bow = { weighting: 'count', norm: 'none' };
  const algorithms = {
    logistic_regression: { classifier: 'logistic_regression', model_building: plain },
    nb_weighted: { model_building: { ...plain, nb_alpha: 1 } },
    multinomial_naive_bayes: { classifier: 'multinomial_naive_bayes', settings: { alpha: 1 }, model_building: plain },
    random_forest: { classifier: 'random_forest', settings: { trees: 10, ...trees } },
    gradient_boosting: { classifier: 'gradient_boosting', settings: boosting },
    library: { classifier: 'ml_logistic_regression', settings: { steps: 20 }, model_building: plain },
  };
  return {
    ...{ experiment, seed: 1, folds: 3, bootstrap_samples: 20 },
    features: { tfidf: { char: null }, bow_words: { word: { ...bow, ngrams: [1, 1] }, char: null } },
    algorithms,
    studies: {
      compare: { grids: [{ algorithms: Object.keys(algorithms), features: ['tfidf', 'bow_words'] }] },
      tune: { winner_of: 'compare', inner_folds: 2, vary: [{ C: [0.01, 2], penalty: ['l2', 'l1'] }] },
    },
  };
}

const CELLS = 12;

const study = (name: string, options: string[] = [], env: Record<string, string> = {}) =>
  run(process.execPath, [program, name, ...options], { cwd: folder, env: { ...withoutMlflow(), ...env } });

function withoutMlflow(): NodeJS.ProcessEnv {
  const { MLFLOW_TRACKING_URI: _, ...env } = process.env;
  return env;
}

const report = (name: string, from = 'reports/experiments') => readFileSync(join(folder, from, name), 'utf8');

test('the same seed gives the same table bit for bit, whatever the number of threads', async () => {
  const [one, two] = await Promise.all([
    study('compare', ['--threads', '1', '--journal', 'one', '--reports', 'first']),
    study('compare', ['--threads', '3', '--journal', 'two', '--reports', 'second']),
  ]);
  expect([one.stderr, two.stderr, one.code, two.code]).toEqual(['', '', 0, 0]);
  expect(report('compare.json', 'first')).toBe(report('compare.json', 'second'));
  for (const plot of ['heat_map', 'parallel_coordinates']) {
    expect(report(`compare_${plot}.svg`, 'first')).toBe(report(`compare_${plot}.svg`, 'second'));
    expect(report(`compare_${plot}.svg`, 'first')).toContain('random_forest');
  }
  const { rows, leaders } = JSON.parse(report('compare.json', 'first'));
  expect(rows.length).toBe(CELLS);
  expect(rows[0].accuracy).toBeGreaterThan(0.9);
  expect(leaders.length).toBe(5);
});

test('a study says what is wrong with its settings', async () => {
  const unknown = await study('sweep');
  expect(unknown.stderr).toContain('experiments.yaml has no study "sweep"');
  expect(unknown.stderr).toContain('compare, tune');
  expect(unknown.code).toBe(2);
  const tune = await study('tune');
  expect(tune.stderr).toContain('run make compare first');
  const changed = settings();
  Object.assign(changed.algorithms.logistic_regression.model_building, { C: -1 });
  writeFileSync(join(folder, 'experiments.yaml'), stringify(changed));
  const refused = await study('compare');
  expect(refused.stderr).toMatch(/experiments\.yaml:\d+: model_building\.C: .*\(got -1\)/);
  expect(refused.code).toBe(2);
});

test('tuning is judged by texts that no choice has seen, and ends in a patch that applies', async () => {
  expect((await study('compare')).code).toBe(0);
  const { stdout, code } = await study('tune');
  expect(code).toBe(0);
  expect(stdout).toContain('choosing within each fold, by 2 folds of its training part');
  const { rows, innerFolds, chosen } = JSON.parse(report('tune.json'));
  expect([rows.length, innerFolds]).toEqual([4, 2]);
  expect(Object.values<number>(chosen.chosen).reduce((sum, count) => sum + count, 0)).toBe(3);
  expect(rows[0].cell).toContain('C=2');
  expect(report('tune_suggestion.md')).toContain('model_building.C: 2');
  const before = readFileSync(join(folder, 'params.yaml'), 'utf8');
  execFileSync('git', ['apply', '--check', 'reports/experiments/tune_suggestion.patch'], { cwd: folder });
  execFileSync('git', ['apply', 'reports/experiments/tune_suggestion.patch'], { cwd: folder });
  expect(readFileSync(join(folder, 'params.yaml'), 'utf8')).toBe(before.replace(/^ {2}C: .*$/m, '  C: 2'));
});

test.skipIf(!need('dvc'))(
  'a cell is a DVC stage, which is not run again while nothing that it reads has changed',
  async () => {
    const { root: copy, remove } = copyRepository({ installed: true });
    onTestFinished(remove);
    useSmallCorpus(copy);
    const studies = readFileSync(join(copy, 'experiments.yaml'), 'utf8');
    writeFileSync(join(copy, 'experiments.yaml'), studies.replace(/^source: .*$/m, 'source: reviews.csv'));
    cpSync(join(copy, 'ml/experiments/dvc_stages.yaml'), join(copy, 'ml/experiments/dvc.yaml'));
    const dvc = async () => {
      const stage = 'ml/experiments/dvc.yaml:cell@multinomial_naive_bayes-tfidf_uni';
      const { stdout, stderr, code } = await run('dvc', ['repro', stage], { cwd: copy, env: programEnvironment(copy) });
      expect(code, stderr).toBe(0);
      return stdout;
    };
    expect(await dvc()).toContain("Running stage 'ml/experiments/dvc.yaml:cell@multinomial_naive_bayes-tfidf_uni'");
    const file = join(copy, 'reports/experiments/cells/multinomial_naive_bayes-tfidf_uni.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      cell: 'multinomial_naive_bayes/tfidf_uni',
      accuracy: expect.closeTo(1, 1),
    });
    expect(await dvc()).toContain("didn't change, skipping");
  },
);

describe.skipIf(!need('mlflow'))('with MLflow', () => {
  async function server() {
    const { env } = await sharedMlflow();
    const config = trackingConfig(env);
    return {
      env,
      async runs(): Promise<{ parents: Run[]; children: Run[] }> {
        const id = await findExperiment(config, experiment);
        const all = id === undefined ? [] : await searchRuns(config, id, {});
        const isChild = (one: Run) => one.tags['mlflow.parentRunId'] !== undefined;
        return { parents: all.filter((one) => !isChild(one)), children: all.filter(isChild) };
      },
    };
  }

  test('goes on after a kill without a lost or a doubled run, and without doing anything twice', async () => {
    const { env, runs } = await server();
    const args = [program, 'compare', '--threads', '1'];
    const first = start(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } });
    await first.prints(/random_forest\/tfidf: accuracy/);
    process.kill(-first.pid, 'SIGKILL');
    await first.ended;
    const kept = keptFiles();
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(3 * CELLS);

    const second = await study('compare', [], env);
    expect([second.code, second.stderr]).toEqual([0, '']);
    const again = second.stdout.split('\n').filter((line) => /^ *\d+\/\d+ /.test(line));
    expect(again.length).toBe(3 * CELLS - kept.length);
    const { parents, children } = await runs();
    expect(parents.map((run) => run.status)).toEqual(['FINISHED']);
    expect(children.map((run) => run.status)).toEqual(new Array(CELLS).fill('FINISHED'));
    expect(new Set(children.map((run) => run.name)).size).toBe(CELLS);
    expect(children.every((run) => run.tags['mlflow.parentRunId'] === parents[0].id)).toBe(true);

    // The table does not know of the kill.
    await study('compare', ['--journal', 'fresh', '--reports', 'undisturbed']);
    expect(report('compare.json')).toBe(report('compare.json', 'undisturbed'));

    const third = await study('compare', [], env);
    expect(third.stdout).not.toMatch(/^ *\d+\/\d+ /m);
    expect((await runs()).children.length).toBe(CELLS);
    const link = /compare in MLflow: (\S+)/.exec(third.stdout)![1];
    for (const run of children) expect(decodeURIComponent(link)).toContain(run.id);
    const best = children.find((run) => run.name === JSON.parse(report('compare.json')).rows[0].cell)!;
    const names = ['accuracy', 'accuracy_se', 'roc_auc', 'train_seconds', 'score_us_per_text', 'model_bytes'];
    expect(Object.keys(best.metrics)).toEqual(expect.arrayContaining(names));
    expect(best.params).toMatchObject({ algorithm: expect.any(String), features: expect.any(String) });
  });

  test("an Indexed Job's pods share the cells, and the command reads what they have done", async () => {
    const { env, runs } = await server();
    const pod = (index: number) =>
      study('compare', ['--journal', `pod-${index}`], {
        ...env,
        EXPERIMENTS_SHARDS: '3',
        JOB_COMPLETION_INDEX: String(index),
      });
    const ended = await Promise.all([pod(0), pod(1), pod(2)]);
    expect(ended.map(({ code, stderr }) => `${code}${stderr}`)).toEqual(['0', '0', '0']);
    expect(readdirSync(folder)).not.toContain('reports');
    const { parents, children } = await runs();
    expect([parents.length, children.length]).toEqual([1, CELLS]);
    const collected = await study('compare', [], env);
    expect(collected.stdout).toContain(`${CELLS} cells were finished elsewhere: read back from MLflow`);
    expect(collected.stdout).not.toMatch(/^ *\d+\/\d+ /m);
    expect((await runs()).children.length).toBe(CELLS);
    await study('compare', ['--journal', 'fresh', '--reports', 'alone']);
    expect(report('compare.json')).toBe(report('compare.json', 'alone'));
  });

  function keptFiles(): string[] {
    const journal = join(folder, '.local/experiments');
    return readdirSync(journal, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  }
});
