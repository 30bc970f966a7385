/** Studies of experiments.yaml, in the pipeline's container. */
import { type Container, type Directory, dag } from '@dagger.io/dagger';
import { studyPart } from './checks/parts.ts';
import { neverCached, withPipeline, withTracking } from './containers/pipeline.ts';
import { SRC } from './containers/toolbox.ts';
import { type Call, withHistory } from './release/model.ts';
import { type Settings, toolboxOf, trackingOf } from './settings.ts';
import { runStep } from './step.ts';

/** Finished cells stay here from call to call, so that a study that was stopped goes on where it was. */
const JOURNAL = `${SRC}/.local/experiments`;

/** The source with tables, plots and the suggested change. */
export async function runStudy(settings: Settings, name: string, call: Call): Promise<Directory> {
  const { source } = settings;
  const tracking = trackingOf(settings);
  const tracked = (container: Container) => (tracking ? container.with(withTracking(tracking)) : container);
  const container = withPipeline(toolboxOf(settings), source)
    .withDirectory(SRC, source.filter(studyPart))
    .with(await withHistory(source))
    .with(tracked)
    .with(neverCached(call.when))
    .withMountedCache(JOURNAL, dag.cacheVolume('sentiment-experiments'))
    .withExec(['node', 'ml/experiments/main.ts', name]);
  const next = `run the same here: make ${name}`;
  await runStep({ function: call.function, step: `runs the study ${name}`, next }, () => container.sync());
  return source.withDirectory('reports/experiments', container.directory('reports/experiments'));
}
