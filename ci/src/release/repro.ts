/** The pipeline without a release: all stages and the registration, or a study of experiments.yaml. */
import { type Changeset, type Container, type Directory, dag } from '@dagger.io/dagger';
import { type Arguments, awsOf, builderOf, trackingOf } from '../arguments.ts';
import { withOwnTexts } from '../containers/own_texts.ts';
import { studyPart } from '../containers/parts.ts';
import {
  type DvcRemote,
  mlflowService,
  neverCached,
  type Tracking,
  withOwnMlflow,
  withPipeline,
  withPull,
  withPush,
  withRegistration,
  withTracking,
} from '../containers/pipeline.ts';
import { SRC } from '../containers/toolbox.ts';
import { runStep } from '../step.ts';
import { type Call, callOf, makeModel, register, type Workspace, withHistory } from './model.ts';

type ReproInputs = Workspace & { tracking?: Tracking; remote?: DvcRemote };

/** The journal of finished cells is kept between calls, so that a stopped study continues. */
const JOURNAL = `${SRC}/.local/experiments`;

const next = 'check that the bucket exists, and that the region and the keys give read and write access';

/** What the stages change. Throws TRACKING_ARGUMENTS, AWS_ARGUMENTS and STEP_FAILED. */
export async function reproAs(given: Arguments, dvcRemote: string | undefined): Promise<Changeset> {
  const remote = dvcRemote ? { url: dvcRemote, aws: awsOf(given) } : undefined;
  const inputs = { ...builderOf(given), tracking: trackingOf(given), remote };
  return (await reproduce(inputs, callOf('repro'))).changes(given.source);
}

/** What the study writes. `name` is compare, tune or ablation. Throws as reproAs. */
export async function studyAs(given: Arguments, name: string): Promise<Changeset> {
  const inputs = { ...builderOf(given), tracking: trackingOf(given) };
  return (await runStudy(inputs, name, callOf('study'))).changes(given.source);
}

/** The source with dvc.lock, reports and models as the stages leave them. */
async function reproduce({ tracking, remote, ...workspace }: ReproInputs, call: Call): Promise<Directory> {
  const { source, toolbox } = workspace;
  const start = remote ? await pull(remote) : toolbox;
  const made = await makeModel({ ...workspace, toolbox: start }, call);
  const registered = tracking
    ? await register(made.with(withTracking(tracking)), source, call)
    : await registerAlone(made.with(withOwnMlflow(mlflowService(toolbox))), call);
  if (remote) {
    const step = { function: call.function, step: `pushes to ${remote.url}`, next };
    await runStep(step, () => withPush(registered).sync());
  }
  const models = registered.directory('models');
  return (
    source
      .withFile('dvc.lock', registered.file('dvc.lock'))
      .withDirectory('reports', registered.directory('reports'))
      // What an MLflow has registered that ends with the call is news to nobody, and differs each time.
      .withDirectory('models', tracking ? models : models.withoutFile('registered.json'))
  );

  function pull(remote: DvcRemote): Promise<Container> {
    const container = withPull(withPipeline(workspace), remote, call.when);
    return runStep({ function: call.function, step: `pulls from ${remote.url}`, next }, () => container.sync());
  }
}

/** With an MLflow that exists only during the call: nobody else sees it, so a cached result is good enough. */
function registerAlone(made: Container, call: Call): Promise<Container> {
  return runStep({ function: call.function, step: 'registers the model' }, () => withRegistration(made).sync());
}

/** The source with the study's tables, plots and suggested change. */
async function runStudy(
  { tracking, ...workspace }: Workspace & { tracking?: Tracking },
  name: string,
  call: Call,
): Promise<Directory> {
  const tracked = (container: Container) => (tracking ? container.with(withTracking(tracking)) : container);
  const { source } = workspace;
  const ready = await withOwnTexts(withPipeline(workspace), workspace, call.function);
  const container = ready
    .withDirectory(SRC, source.filter(studyPart))
    .with(await withHistory(source))
    .with(tracked)
    .with(neverCached(call.when))
    .withMountedCache(JOURNAL, dag.cacheVolume('sentiment-experiments'))
    .withExec(['node', 'ml/experiments/main.ts', name]);
  const step = { function: call.function, step: `runs the study ${name}`, next: `run the same locally: make ${name}` };
  await runStep(step, () => container.sync());
  return source.withDirectory('reports/experiments', container.directory('reports/experiments'));
}
