/** The pipeline by itself: all stages, registration, and what they have changed in the working tree. */
import type { Container, Directory } from '@dagger.io/dagger';
import {
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

/** The source with dvc.lock, reports and models as the stages leave them. */
export async function reproduce(settings: Settings, dvcRemote: string | undefined, call: Call): Promise<Directory> {
  const { source } = settings;
  const toolbox = toolboxOf(settings);
  const start = dvcRemote
    ? withPull(withPipeline(toolbox, source), { url: dvcRemote, aws: awsOf(settings) }, call.when)
    : toolbox;
  const made = await makeModel(start, source, call);
  const tracking = trackingOf(settings);
  const registered = tracking
    ? await register(made.with(withTracking(tracking)), source, call)
    : await registerAlone(made.with(withOwnMlflow(mlflowService(toolbox))), call);
  if (dvcRemote) {
    await runStep({ function: call.function, step: 'pushes to the DVC remote' }, () => withPush(registered).sync());
  }
  return source
    .withFile('dvc.lock', registered.file('dvc.lock'))
    .withDirectory('reports', registered.directory('reports'))
    .withDirectory('models', registered.directory('models'));
}

/** At an MLflow that goes when the call ends, so that the same model need not be registered twice. */
function registerAlone(made: Container, call: Call): Promise<Container> {
  return runStep({ function: call.function, step: 'registers the model' }, () => withRegistration(made).sync());
}
