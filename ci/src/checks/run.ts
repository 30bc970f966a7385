/** The checks, each on only the files that it depends on. */
import { type Container, type Directory, dag } from '@dagger.io/dagger';
import { lintPart, type TestGroup, typesPart } from '../containers/parts.ts';
import { SRC, withAlertmanager, withTestPrograms } from '../containers/toolbox.ts';
import { oneError, runStep } from '../step.ts';

export async function lint(toolbox: Container, source: Directory, goProxy?: string): Promise<string> {
  const tools = withGoProxy(toolbox, goProxy)
    .withDirectory('.', source.filter({ include: ['scripts/setup_actionlint.sh', 'scripts/pins'] }))
    .withMountedCache('/root/.cache', dag.cacheVolume('sentiment-go'))
    .withExec(['scripts/setup_actionlint.sh'])
    .withoutMount('/root/.cache');
  const linted = inRepository(tools, source.filter(lintPart)).withExec(['scripts/lint.sh']);
  return runStep({ function: 'lint', step: 'runs the linters', next: 'make format fixes most findings' }, () =>
    linted.stdout(),
  );
}

export async function typecheck(toolbox: Container, source: Directory): Promise<string> {
  const code = toolbox.withDirectory(SRC, source.filter(typesPart));
  const checked = code.withExec(['tsc', '--noEmit']).withExec(['tsc', '--noEmit', '-p', 'ci']);
  await runStep({ function: 'typecheck', step: 'runs tsc' }, () => checked.sync());
  return 'typecheck: clean\n';
}

/** Runs the groups in parallel, each to its end, and throws what failed in any of them. */
export async function runTests(
  machine: Container,
  source: Directory,
  project: 'unit' | 'integration',
  groups: TestGroup[],
  goProxy?: string,
): Promise<string> {
  const outcomes = await Promise.allSettled(
    groups.map(({ name, needs, tests, include, exclude }) => {
      const machineWithNeeds = machine.with(withNeeds(needs, source, goProxy));
      const machineWithCode = inRepository(machineWithNeeds, source.filter({ include, exclude }));
      const vitest = ['vitest', 'run', '--project', project, ...tests];
      const tested =
        needs === 'kubernetes' ? withKubernetesRun(machineWithCode, vitest) : machineWithCode.withExec(vitest);
      return runStep({ function: `${project}-test`, step: `tests ${name}` }, () => tested.stdout());
    }),
  );
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (failures.length > 0) throw oneError(failures);
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : '')).join('\n');
}

function withNeeds(
  needs: TestGroup['needs'],
  source: Directory,
  goProxy?: string,
): (container: Container) => Container {
  return (container) => {
    if (needs === 'programs') return withTestPrograms(container);
    return needs === 'kubernetes' ? withKubernetes(container, source, goProxy) : container;
  };
}

/** Some tests and linters ask git for the project's files. */
function inRepository(container: Container, files: Directory): Container {
  return container.withDirectory(SRC, files).withExec(['git', 'init', '--quiet']);
}

/** Without a proxy of the company, Go uses its public default. */
function withGoProxy(container: Container, goProxy?: string): Container {
  return goProxy ? container.withEnvVariable('GOPROXY', goProxy) : container;
}

const SETUP = ['scripts/setup_cluster.sh', 'scripts/setup_discovery.sh', 'scripts/setup_docker.sh'];
/** What those call. */
const CALLED = ['scripts/built_once.sh', 'scripts/setup_monitoring.sh'];

/** The tests' own Kubernetes and a Prometheus for it: built once from source, started by the tests. */
function withKubernetes(container: Container, source: Directory, goProxy?: string): Container {
  return withAlertmanager(withGoProxy(container, goProxy))
    .withDirectory('.', source.filter({ include: [...SETUP, ...CALLED, 'scripts/pins', 'tests/cluster'] }))
    .withMountedCache('/root/.cache', dag.cacheVolume('sentiment-go'))
    .withMountedCache('/root/go', dag.cacheVolume('sentiment-go-modules'))
    .withExec(['sh', '-c', SETUP.join(' && ')]);
}

/** The tests start containers, which needs all rights of root and a /tmp that is not an overlay. */
function withKubernetesRun(container: Container, command: string[]): Container {
  return (
    container
      .withMountedTemp('/tmp')
      // The cache volume may have been emptied since.
      .withExec(['sh', '-c', `${SETUP.join(' && ')} && exec "$@"`, 'sh', ...command], {
        insecureRootCapabilities: true,
      })
  );
}
