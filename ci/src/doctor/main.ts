/**
 * `make doctor` checks this machine's PATH and eksctl, which Dagger's containers do not see. `dagger call doctor` checks
 * the rest.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { PipelineError } from '../errors.ts';
import { clusterConfig, eksctlFinding } from './eksctl_yaml.ts';
import { diagnosis, type Finding } from './finding.ts';
import { copies, examinePath, type Probe, withoutProject } from './path.ts';

const run = promisify(execFile);
/** Milliseconds for a program to print its version. */
const TIMEOUT = 10_000;
const ROOT = resolve(import.meta.dirname, '../../..');

const probe: Probe = {
  program(path) {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile() ? realpathSync(path) : undefined;
    } catch {
      return undefined;
    }
  },
  version: (path) => output(path, versionArguments(path)),
};

function versionArguments(path: string): string[] {
  if (path.endsWith('kubectl')) return ['version', '--client'];
  return /\/(?:eksctl|dagger)$/.test(path) ? ['version'] : ['--version'];
}

async function output(program: string, args: string[]): Promise<string | undefined> {
  try {
    return (await run(program, args, { timeout: TIMEOUT })).stdout;
  } catch {
    return undefined;
  }
}

async function examineEksctl(path: string): Promise<Finding[]> {
  let wanted: string | undefined;
  try {
    wanted = clusterConfig(readFileSync(resolve(ROOT, 'eksctl.yaml'), 'utf8')).version;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return [{ what: 'eksctl.yaml', problem, next: 'git checkout eksctl.yaml' }];
  }
  if (wanted === undefined) {
    return [
      { what: 'eksctl.yaml', problem: 'it has no metadata.version', next: 'set one: the default of EKS changes' },
    ];
  }
  const [program] = copies('eksctl', path, probe);
  if (program === undefined) return [eksctlFinding(wanted, undefined)];
  const said = (await output(program, ['version', '-o', 'json'])) ?? (await output(program, ['version']));
  return [eksctlFinding(wanted, said ?? '')];
}

// Dagger imports every file under src, and an import must not run the program.
if (process.argv[1] === import.meta.filename) {
  try {
    const path = withoutProject(process.env.PATH ?? '', ROOT);
    console.log(diagnosis([...(await examinePath(path, probe)), ...(await examineEksctl(path))]));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
