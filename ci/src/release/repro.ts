/** The pipeline by itself: all stages, registration, and what they have changed in the working tree. */
import type { Container, Directory } from '@dagger.io/dagger';
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
import { awsOf, type Settings, toolboxOf, trackingOf } from '../settings.ts';
import { runStep } from '../steps/step.ts';
import { type Call, makeModel, register } from './model.ts';

const next = 'see whether the bucket is there, and region and keys may read and write it';

/** The source with dvc.lock, reports and models as the stages leave them. */
export async function reproduce(settings: Settings, dvcRemote: string | undefined, call: Call): Promise<Directory> {
  const { source } = settings;
  const toolbox = toolboxOf(settings);
  const start = dvcRemote ? await pull(toolbox, { url: dvcRemote, aws: awsOf(settings) }) : toolbox;
  const made = await makeModel(start, source, call);
  const tracking = trackingOf(settings);
  const registered = tracking
    ? await register(made.with(withTracking(tracking)), source, call)
    : await registerAlone(made.with(withOwnMlflow(mlflowService(toolbox))), call);
  if (dvcRemote) {
    await runStep({ function: call.function, step: `pushes to ${dvcRemote}`, next }, () => withPush(registered).sync());
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

/** At an MLflow that goes when the call ends: nobody else sees it, so a result from the cache will do. */
function registerAlone(made: Container, call: Call): Promise<Container> {
  return runStep({ function: call.function, step: 'registers the model' }, () => withRegistration(made).sync());
}
