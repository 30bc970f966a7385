/**
 * Runs all tests, in lanes side by side where they cannot disturb each other, and closes with a line that counts them:
 * `N passed, N failed`. Where CI is set, a skipped test fails the run, because nobody would see what it no longer proves.
 * With TRUST=1 it runs the long proofs in their place, as `make trust` does. With arguments they go to one vitest:
 * `node scripts/test.ts --project integration tests/page.test.ts`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { runMain, SentimentError } from '../ml/errors.ts';
import { startSharedServers } from '../tests/support/shared_servers.ts';
import { countTests, type TestReport } from './local/test_report.ts';

/** Arguments of one run of vitest. */
type Run = { name: string; args: string[] };

/** Where one report a run is kept. */
const REPORTS = '.local/test-reports';

/** A project's tests in their lanes. Those that no lane names have one beside them. */
type Lanes = {
  project: 'integration' | 'trust';
  folder: string;
  /** Those of a lane run one at a time, such as those that share one Kubernetes, and would load it. */
  lanes: Record<string, string[]>;
  /** They measure, or claim that no request is lost, and prove it with nothing else running. */
  alone: string[];
  /** How many of the others run at a time. */
  workers: number;
};

const suite: Lanes = {
  project: 'integration',
  folder: 'tests',
  lanes: {
    kubernetes: [
      'diagnosis',
      'deploy',
      'deploy_bake',
      'deploy_foreign',
      'deploy_interrupted',
      'deploy_patience',
      'deploy_return',
      'monitoring_kubernetes',
      'rbac',
      'experiments_job',
      'ecr_rollout',
    ],
  },
  alone: ['deploy_load', 'service'],
  workers: 2,
};

const proofs: Lanes = {
  project: 'trust',
  folder: 'tests/trust',
  // Slow releases wait most of their time.
  lanes: { kubernetes: ['bakes'], releases: ['slow_releases', 'rollout_kills', 'batch_job'], kills: ['kills'] },
  alone: ['updates', 'load', 'memory', 'worst_request'],
  workers: 1,
};
/** Tests of `make test` that try more with TRUST=1. */
const longer = {
  unit: ['ml/model/crafted.test.ts'],
  beside: ['gate', 'feedback'],
  alone: ['overload'],
};

/** Steps one after another, each of lanes side by side, each of runs one after another. */
function planOf(isTrust: boolean): Run[][][] {
  const { project, folder, lanes, alone, workers } = isTrust ? proofs : suite;
  const tests = globSync(`${folder}/*.test.ts`).map((path) => basename(path, '.test.ts'));
  const named = [...Object.values(lanes).flat(), ...alone];
  const unknown = named.filter((test) => !tests.includes(test));
  if (unknown.length > 0)
    throw new SentimentError('TESTS_NOT_RUN', `scripts/test.ts names no test: ${unknown.join(', ')}`);
  const others = tests.filter((test) => !named.includes(test));
  const run = (name: string, files: string[], most = 1) => runOf(project, name, folder, files, most);
  const unit = { name: 'unit', args: ['--project', 'unit', ...(isTrust ? longer.unit : [])] };
  const beside = isTrust ? [integration('longer', longer.beside)] : [];
  const last = isTrust ? [integration('longer alone', longer.alone)] : [];
  const inLanes = Object.entries(lanes).map(([name, files]) => [run(name, files)]);
  return [[[unit, ...beside, run('servers', others, workers)], ...inLanes], [[run('alone', alone), ...last]]];
}

const integration = (name: string, files: string[]) => runOf('integration', name, 'tests', files, 1);

function runOf(project: string, name: string, folder: string, files: string[], workers: number): Run {
  const paths = files.map((file) => `${folder}/${file}.test.ts`);
  return { name, args: ['--project', project, `--maxWorkers=${workers}`, ...paths] };
}

async function main(): Promise<void> {
  // Whatever a run has started ends at `exit`.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  const given = process.argv.slice(2);
  const plan = given.length > 0 ? [[[{ name: '', args: given }]]] : planOf(process.env.TRUST !== undefined);
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  const servers = await startSharedServers();
  const reports: TestReport[] = [];
  let isGood = true;
  try {
    for (const lanes of plan) {
      const ends = lanes.map(async (runs) => {
        for (const run of runs) {
          isGood = (await runVitest(run, servers.env)) && isGood;
          reports.push(readReport(run));
        }
      });
      await Promise.all(ends);
    }
  } finally {
    await servers.stop();
  }
  const { line, skipped, failures } = countTests({ testResults: reports.flatMap(({ testResults }) => testResults) });
  for (const [heading, names] of Object.entries({ skipped, failed: failures })) {
    if (names.length > 0) process.stdout.write(`${heading}:\n${names.map((name) => `  ${name}\n`).join('')}`);
  }
  process.stdout.write(`${line}\n`);
  if (!isGood || (process.env.CI && skipped.length > 0)) process.exitCode = 1;
}

const reportOf = ({ name }: Run) => join(REPORTS, `${name || 'all'}.json`);

/** Passes on what it prints, each line behind the run's name; answers whether all its tests passed. */
async function runVitest(run: Run, env: Record<string, string>): Promise<boolean> {
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportOf(run)}`, ...run.args];
  const child = spawn('vitest', args, {
    stdio: run.name === '' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const stop = () => void child.kill();
  process.once('exit', stop);
  for (const output of [child.stdout, child.stderr]) {
    if (output) createInterface(output).on('line', (line) => process.stdout.write(`${run.name} | ${line}\n`));
  }
  const [code] = await once(child, 'close');
  process.removeListener('exit', stop);
  return code === 0;
}

function readReport(run: Run): TestReport {
  try {
    return JSON.parse(readFileSync(reportOf(run), 'utf8'));
  } catch (cause) {
    throw new SentimentError('TESTS_NOT_RUN', 'vitest ended without a report; its output is above', { cause });
  }
}

await runMain(main);
