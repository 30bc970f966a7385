/** The checks, each on the files that it depends on and no others. */
import { type Container, type Directory, dag } from '@dagger.io/dagger';
import { withKubernetes, withKubernetesRun } from '../containers/kubernetes.ts';
import { SRC, withTestPrograms } from '../containers/toolbox.ts';
import { runStep } from '../step.ts';
import { lintPart, type TestGroup, typesPart } from './parts.ts';

export async function lint(toolbox: Container, source: Directory, goProxy?: string): Promise<string> {
  // Without one, Go asks the public proxy that is built into it.
  const machine = goProxy ? toolbox.withEnvVariable('GOPROXY', goProxy) : toolbox;
  const tools = machine
    .withDirectory('.', source.filter({ include: ['scripts/setup_actionlint.sh', 'scripts/pins'] }))
    .withMountedCache('/root/.cache', dag.cacheVolume('sentiment-go'))
    .withExec(['scripts/setup_actionlint.sh'])
    .withoutMount('/root/.cache');
  const linted = inRepository(tools, source.filter(lintPart)).withExec(['scripts/lint.sh']);
  return runStep({ function: 'lint', step: 'runs the linters', next: 'make format mends most of it' }, () =>
    linted.stdout(),
  );
}

export async function typecheck(toolbox: Container, source: Directory): Promise<string> {
  const code = toolbox.withDirectory(SRC, source.filter(typesPart));
  const checked = code.withExec(['tsc', '--noEmit']).withExec(['tsc', '--noEmit', '-p', 'ci']);
  await runStep({ function: 'typecheck', step: 'runs tsc' }, () => checked.sync());
  return 'typecheck: clean\n';
}

/** Runs the groups side by side, each to its end, and fails with the first that failed. */
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
  const outputs = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  return outputs.join('\n');
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

/** Some tests and linters ask git which files are ours. */
function inRepository(container: Container, files: Directory): Container {
  return container.withDirectory(SRC, files).withExec(['git', 'init', '--quiet']);
}
