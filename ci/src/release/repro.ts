/** The pipeline without a release: all stages, registration, and the files that they change. */
import type { Container, Directory } from '@dagger.io/dagger';
import type { Tracking } from '../containers/options.ts';
import {
  type DvcRemote,
  mlflowService,
  withOwnMlflow,
  withPipeline,
  withPull,
  withPush,
  withRegistration,
  withTracking,
} from '../containers/pipeline.ts';
import { runStep } from '../step.ts';
import { type Call, makeModel, register, type Workspace } from './model.ts';

export type ReproInputs = Workspace & { tracking?: Tracking; remote?: DvcRemote };

const next = 'check that the bucket exists, and that the region and the keys give read and write access';

/** The source with dvc.lock, reports and models as the stages leave them. */
export async function reproduce({ source, toolbox, tracking, remote }: ReproInputs, call: Call): Promise<Directory> {
  const start = remote ? await pull(toolbox, remote) : toolbox;
  const made = await makeModel(start, source, call);
  const registered = tracking
    ? await register(made.with(withTracking(tracking)), source, call)
    : await registerAlone(made.with(withOwnMlflow(mlflowService(toolbox))), call);
  if (remote) {
    const step = { function: call.function, step: `pushes to ${remote.url}`, next };
    await runStep(step, () => withPush(registered).sync());
  }
  return source
    .withFile('dvc.lock', registered.file('dvc.lock'))
    .withDirectory('reports', registered.directory('reports'))
    .withDirectory('models', registered.directory('models'));

  function pull(toolbox: Container, remote: DvcRemote): Promise<Container> {
    const container = withPull(withPipeline(toolbox, source), remote, call.when);
    return runStep({ function: call.function, step: `pulls from ${remote.url}`, next }, () => container.sync());
  }
}

/** With an MLflow that exists only during the call: nobody else sees it, so a cached result is good enough. */
function registerAlone(made: Container, call: Call): Promise<Container> {
  return runStep({ function: call.function, step: 'registers the model' }, () => withRegistration(made).sync());
}
