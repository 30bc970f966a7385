/**
 * The release, step by step: model, registration, gate, image, registry, cluster. `release` and `rehearse` differ in the
 * world they do it in, and in nothing else. The first step that fails, or whose gate refuses, ends it.
 */
import type { Container } from '@dagger.io/dagger';
import { type Builder, buildImage, contentId } from '../containers/image.ts';
import { runStep } from '../steps/step.ts';
import { ask } from './ask.ts';
import { type Call, contentOf, makeModel, metricsOf, productionModel, promote, register } from './model.ts';
import { type Destination, keepDeployed, publish } from './publish.ts';
import { releaseReport } from './report.ts';
import { type Announcement, announce, type Rollout, rollOut } from './rollout.ts';

export type World = Builder & {
  toolbox: Container;
  /** Tells a container where the tracking server is. */
  tracking: (container: Container) => Container;
  destination: Destination;
  /** Where it is rolled out; without it, the release ends at the registry and says so. */
  cluster?: Omit<Rollout, 'image' | 'commit' | 'modelVersion'>;
  /** Without it, nothing is waited for and nobody is told. */
  announcement?: Announcement;
};

/** All of it; the report is Markdown. */
export async function releaseTo(world: World, call: Call): Promise<string> {
  const { source, toolbox, tracking, destination, cluster, announcement = { patience: 0 } } = world;
  const commit = destination.tag;
  const made = await makeModel(toolbox, source, call);
  const registered = await register(made.with(tracking), source, call);
  const { verdict, container } = await promote(registered, call);
  const production = await productionModel(container, source, call);
  const content = contentOf(production, commit);
  const image = await buildImage(world, content);
  await runStep({ function: call.function, step: 'builds the Dockerfile' }, () => image.sync());
  const published = await publish({ image, content: await contentId(source, content) }, destination, call);
  const answer = await ask(toolbox, published, call);
  const rollout = cluster && { ...cluster, image: published.reference, commit, modelVersion: production.version };
  const rolledOut = rollout ? await rollOut(rollout, call) : 'not deployed: no cluster was given';
  const kept = rollout ? await keepDeployed(published.reference, destination) : [];
  const address = rollout ? await announce(rollout, announcement) : [];
  return releaseReport({
    commit,
    metrics: await metricsOf(made),
    verdict,
    model: `${production.name} version ${production.version}`,
    image: published.reference,
    after: [...published.notes, answer, rolledOut, ...address, ...kept],
  });
}
