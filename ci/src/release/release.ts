/**
 * The release, step by step: model, registration, gate, image, registry. `release` and `rehearse` differ in the world
 * they do it in, and in nothing else. The first step that fails, or whose gate refuses, ends it.
 */
import type { Container, Directory } from '@dagger.io/dagger';
import { buildImage } from '../containers/image.ts';
import type { Mirrors } from '../containers/options.ts';
import { runStep } from '../steps/step.ts';
import { type Call, contentOf, makeModel, metricsOf, productionModel, promote, register } from './model.ts';
import { ask, type Destination, push } from './push.ts';
import { releaseReport } from './report.ts';

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
