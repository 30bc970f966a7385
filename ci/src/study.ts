/** Studies of experiments.yaml, in the pipeline's container. */
import { type Container, type Directory, dag } from '@dagger.io/dagger';
import { studyPart } from './checks/parts.ts';
import { neverCached, withPipeline } from './containers/pipeline.ts';
import { SRC } from './containers/toolbox.ts';
import { type Call, withHistory } from './release/model.ts';
import { runStep } from './steps/step.ts';

/** Finished cells stay here from call to call, so that a study that was stopped goes on where it was. */
const JOURNAL = `${SRC}/.local/experiments`;

/** Tables, plots and the suggested change. `tracked` brings the tracking server's variables. */
export async function runStudy(
  name: string,
  toolbox: Container,
  source: Directory,
  tracked: (container: Container) => Container,
  call: Call,
): Promise<Directory> {
  const container = withPipeline(toolbox, source)
    .withDirectory(SRC, source.filter(studyPart))
    .with(await withHistory(source))
    .with(tracked)
    .with(neverCached(call.when))
    .withMountedCache(JOURNAL, dag.cacheVolume('sentiment-experiments'))
    .withExec(['node', 'ml/experiments/main.ts', name]);
  const next = `run the same here: make ${name}`;
  await runStep({ function: call.function, step: `runs the study ${name}`, next }, () => container.sync());
  return container.directory('reports/experiments');
}
