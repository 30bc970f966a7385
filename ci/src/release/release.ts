/**
 * The release, step by step: model, registration, gate, image, registry. `release` and `rehearse` differ in the world
 * they do it in, and in nothing else. The first step that fails, or whose gate refuses, ends it.
 */
import { type Container, type Directory, dag, type File, type Secret, type Service } from '@dagger.io/dagger';
import { buildImage, type ImageContent } from '../containers/image.ts';
import type { Mirrors } from '../containers/options.ts';
import { neverCached, withModel, withPipeline, withRegistration } from '../containers/pipeline.ts';
import { byDigest } from '../image/reference.ts';
import { runStep } from '../steps/step.ts';
import { parseMetrics, releaseReport } from './report.ts';

/** The function on whose behalf it is done, for error messages, and a text that differs from call to call. */
export type Call = { function: string; when: string };

export type Destination = {
  /** registry/repository:tag */
  address: string;
  username?: string;
  password?: Secret;
  /** A registry that runs as a service, if it is one. */
  registryService?: Service;
};

/** Under this name, and no other, engines speak plain HTTP to a registry. */
export const REGISTRY = 'localhost:5000';

/** An empty registry, for a rehearsal. */
export function registry(image: string): Service {
  return dag.container().from(image).withExposedPort(5000).asService({ useEntrypoint: true });
}

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

export async function push(image: Container, destination: Destination, call: Call): Promise<string> {
  const { address, username, password, registryService } = destination;
  const signedIn = username && password ? image.withRegistryAuth(address, username, password) : image;
  const next = 'see whether the registry has the repository, and whether the user may push to it';
  const published = await runStep({ function: call.function, step: `pushes to ${address}`, next }, () =>
    signedIn.publish(address, registryService && { registryService }),
  );
  return byDigest(published);
}

export async function metricsOf(made: Container): Promise<Record<string, number>> {
  return parseMetrics(await made.file('reports/metrics.json').contents());
}

export function contentOf({ model, name, version }: Omit<Promotion, 'verdict'>, commit?: string): ImageContent {
  return { model, modelName: name, modelVersion: version, commit };
}

export type World = {
  source: Directory;
  toolbox: Container;
  /** Image that containers start from. */
  nodeImage: string;
  mirrors: Mirrors;
  /** Tells a container where the tracking server is. */
  tracking: (container: Container) => Container;
  destination: Destination;
  /** The image's tag. */
  commit: string;
};

/** All of it; the report is Markdown. */
export async function releaseTo(world: World, call: Call): Promise<string> {
  const { source, toolbox, nodeImage, mirrors, tracking, destination, commit } = world;
  const made = await makeModel(toolbox, source, call);
  const registered = await register(made.with(tracking), source, call);
  const { verdict, container } = await promote(registered, call);
  const production = await productionModel(container, source, call);
  const image = await buildImage(source, contentOf(production, commit), nodeImage, mirrors);
  await runStep({ function: call.function, step: 'builds the Dockerfile' }, () => image.sync());
  const reference = await push(image, destination, call);
  const answer = await ask(toolbox, reference, destination, call);
  const model = `${production.name} version ${production.version}`;
  return releaseReport({
    commit,
    metrics: await metricsOf(made),
    verdict,
    model,
    image: reference,
    after: [answer, NOT_DEPLOYED],
  });
}

const NOT_DEPLOYED = 'not deployed: the rolling update is not part of this module yet';

/** For a container that finds the service as `app`. */
const QUESTION = `
const response = await fetch('http://app:8080/predict', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ text: 'A wonderful film' }),
});
console.log(response.status, await response.text());
if (!response.ok) process.exitCode = 1;
`;

/** Starts what was pushed, as a cluster would, and asks it. */
async function ask(toolbox: Container, reference: string, destination: Destination, call: Call): Promise<string> {
  const { username, password, registryService } = destination;
  const host = reference.split('/')[0];
  const start = username && password ? dag.container().withRegistryAuth(host, username, password) : dag.container();
  const service = start.from(reference, registryService && { registryService }).asService({ useEntrypoint: true });
  const asked = toolbox
    .withServiceBinding('app', service)
    .with(neverCached(call.when))
    .withExec(['node', '--input-type=module', '-e', QUESTION]);
  const step = { function: call.function, step: 'starts the pushed image and asks it for a prediction' };
  const answer = await runStep(step, () => asked.stdout());
  return `asked for "A wonderful film", it answers ${answer.trim()}`;
}

/** Git's folder with all files it knows, tests included: else they would count as deleted. */
async function withHistory(source: Directory): Promise<(container: Container) => Container> {
  const isRepository = (await source.entries()).includes('.git/');
  return (container) =>
    isRepository
      ? container.withoutDirectory('.git').withDirectory('.', source.filter({ include: ['.git', 'ml'] }))
      : container;
}
