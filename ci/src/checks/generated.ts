/** Files of the repository that programs write: formatting, the dashboard, the picture; and dvc.lock with the reports. */
import type { Changeset, Container, Directory } from '@dagger.io/dagger';
import { lintPart } from '../containers/parts.ts';
import { SRC } from '../containers/toolbox.ts';
import { PipelineError } from '../errors.ts';
import { callOf, makeModel, type Workspace } from '../release/model.ts';
import { runStep } from '../step.ts';

/** In this order: what the first ones write is formatted too. */
const WRITERS = [
  ['node', 'monitoring/grafana/generate.ts'],
  ['node', 'scripts/architecture.ts'],
  ['biome', 'check', '--write', '.'],
];

/** What the writers change in the source. */
export async function generated(toolbox: Container, source: Directory): Promise<Changeset> {
  const files = source.filter(lintPart);
  const ready = toolbox.withDirectory(SRC, files).withExec(['git', 'init', '--quiet']);
  const written = WRITERS.reduce((container, command) => container.withExec(command), ready);
  const step = { function: 'generate', step: 'writes the generated files', next: 'make format shows more' };
  await runStep(step, () => written.sync());
  // Of all that the container holds, only the files that the source has.
  const include = await files.glob('**/*.*');
  const after = source.withDirectory('.', written.directory('.').filter({ include }));
  return after.changes(source);
}

/** Throws STALE if stages one to five make other files than those that are committed. */
export async function checkCurrent(workspace: Workspace): Promise<string> {
  const made = await makeModel(workspace, callOf('current'));
  const committed = workspace.source.filter({ include: ['dvc.lock', 'reports'] });
  const now = committed.withFile('dvc.lock', made.file('dvc.lock')).withDirectory('reports', made.directory('reports'));
  // Files that git ignores are only added.
  const stale = await now.changes(committed).modifiedPaths();
  if (stale.length === 0) return 'current: dvc.lock and the reports are those of the code\n';
  const headline = `current: ${stale.join(', ')} ${stale.length === 1 ? 'is' : 'are'} not what the code makes`;
  throw new PipelineError('STALE', headline, { next: 'dagger -y call repro, and commit what it changed' });
}
