/** The model's way: stages one to five, registration, gate, and the model in Production. */
import type { Container, Directory, File } from '@dagger.io/dagger';
import type { ImageContent } from '../containers/image.ts';
import { neverCached, withModel, withPipeline, withRegistration } from '../containers/pipeline.ts';
import { runStep } from '../steps/step.ts';
import { parseMetrics } from './report.ts';

/** The function on whose behalf it is done, for error messages, and a text that differs from call to call. */
export type Call = { function: string; when: string };

/** What the gate decided, in its own words, and the model that is in Production since. */
export type Promotion = { verdict: string; model: File; name: string; version: string };

/** Stages one to five, cached by what they read. */
export async function makeModel(toolbox: Container, source: Directory, call: Call): Promise<Container> {
  const next = 'run the same here: make pipeline';
  return runStep({ function: call.function, step: 'runs the stages of dvc.yaml', next }, () =>
    withModel(withPipeline(toolbox, source)).sync(),
  );
}

/** Stage six, with the repository's history at hand, so that the run says which commit it was. */
export async function register(made: Container, source: Directory, call: Call): Promise<Container> {
  const next = 'see whether the tracking server is well: dagger call ... doctor';
  const container = made.with(await withHistory(source)).with(neverCached(call.when));
  return runStep({ function: call.function, step: 'registers the model', next }, () =>
    withRegistration(container).sync(),
  );
}

/** Champion against challenger. Throws GATE_REFUSED when the challenger stays in Staging. */
export async function promote(registered: Container, call: Call): Promise<{ verdict: string; container: Container }> {
  const container = registered.withExec(['node', 'ml/stages/promote_model.ts']);
  const verdict = await runStep({ function: call.function, step: 'compares the model with Production' }, () =>
    container.stdout(),
  );
  return { verdict, container };
}

/** The model in Production now, as the tracking server has it. */
export async function productionModel(
  container: Container,
  source: Directory,
  call: Call,
): Promise<Omit<Promotion, 'verdict'>> {
  const path = 'models/production.bin';
  const program = 'scripts/production_model.ts';
  const fetched = container
    .withFile(program, source.file(program))
    .with(neverCached(call.when))
    .withExec(['node', program, path]);
  const said = await runStep({ function: call.function, step: 'fetches the model in Production' }, () =>
    fetched.stdout(),
  );
  const [name = '', version = ''] = said.trim().split(' ');
  return { model: fetched.file(path), name, version };
}

export async function metricsOf(made: Container): Promise<Record<string, number>> {
  return parseMetrics(await made.file('reports/metrics.json').contents());
}

export function contentOf({ model, name, version }: Omit<Promotion, 'verdict'>, commit?: string): ImageContent {
  return { model, modelName: name, modelVersion: version, commit };
}

/** Git's folder with all files it knows, tests included: else they would count as deleted. */
export async function withHistory(source: Directory): Promise<(container: Container) => Container> {
  const isRepository = (await source.entries()).includes('.git/');
  return (container) =>
    isRepository
      ? container.withoutDirectory('.git').withDirectory('.', source.filter({ include: ['.git', 'ml'] }))
      : container;
}
