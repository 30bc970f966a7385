/**
 * The release, step by step: model, registration, gate, image, registry, cluster. `release` and `rehearse` differ only in the
 * servers they use. The first step that fails, or whose gate refuses, ends it.
 */
import type { Container } from '@dagger.io/dagger';
import { type Arguments, awsClientsOf, builderOf, neededTracking } from '../arguments.ts';
import { type Builder, buildImage, contentId } from '../containers/image.ts';
import { withTracking } from '../containers/pipeline.ts';
import { rolloutSettings, type SettingWords } from '../deploy/settings.ts';
import { runStep } from '../step.ts';
import { type Announcement, announce, announcementOf } from './address.ts';
import { hasCluster, type TargetCluster, targetOf } from './cluster.ts';
import { type Call, callOf, contentOf, makeModel, metricsOf, productionModel, promote, register } from './model.ts';
import { noteExamination } from './model_note.ts';
import {
  type Destination,
  type DestinationArguments,
  destinationOf,
  keepDeployed,
  publish,
  releaseTag,
  tryPublished,
} from './publish.ts';
import { releaseReport } from './report.ts';
import { rollOut } from './rollout.ts';

export type ReleaseInputs = Builder & {
  toolbox: Container;
  /** Tells a container where the tracking server is. */
  tracking: (container: Container) => Container;
  destination: Destination;
  /** Without a cluster the release ends at the registry and says so. */
  cluster?: TargetCluster;
  /** By default, reports the address without waiting for it. */
  announcement?: Announcement;
  /** Fetches the sources of texts again. */
  retrain?: boolean;
};

export type ReleaseWords = DestinationArguments & SettingWords & { targetsTo?: string; retrain?: boolean };

/** What the arguments ask for. Wrong names are reported before the checks run, which take long. */
export async function releaseAs(
  given: Arguments,
  words: ReleaseWords,
  checks: () => Promise<unknown>,
): Promise<string> {
  const settings = rolloutSettings(words);
  const tracking = neededTracking(given, 'release');
  const commit = await releaseTag(given.source);
  const destination = await destinationOf(words, commit, () => awsClientsOf(given));
  const target = hasCluster(given.target) ? await targetOf(given, 'release') : undefined;
  const cluster = target && { ...target, ...settings };
  const announcement = await announcementOf(words.targetsTo, () => awsClientsOf(given));
  await checks();
  const inputs = { ...builderOf(given), tracking: withTracking(tracking), destination, cluster, announcement };
  return releaseTo({ ...inputs, retrain: words.retrain }, callOf('release'));
}

/** Runs all steps and returns the report in Markdown. */
export async function releaseTo(inputs: ReleaseInputs, call: Call): Promise<string> {
  const { source, toolbox, tracking, destination, cluster, announcement = { waitMs: 0 }, retrain } = inputs;
  const commit = destination.tag;
  const made = await makeModel(toolbox, source, call, { retrain });
  const registered = await register(made.with(tracking), source, call);
  const { verdict, container } = await promote(registered, call);
  const production = await productionModel(container, source, call);
  const content = contentOf(production, commit);
  const image = await buildImage(inputs, content);
  await runStep({ function: call.function, step: 'builds the Dockerfile' }, () => image.sync());
  const build = { image, content: await contentId(source, content), modelVersion: production.version };
  const published = await publish(build, destination, call);
  const answer = await tryPublished(toolbox, published, call);
  const rollout = cluster && { ...cluster, image: published.reference, commit, modelVersion: production.version };
  const rolledOut = rollout ? await rollOut(rollout, call) : 'not deployed: no cluster was given';
  const kept = rollout ? await keepDeployed(published, destination) : [];
  const address = rollout ? await announce(rollout, announcement) : [];
  const noted = rollout ? await noteExamination(rollout, production) : [];
  return releaseReport({
    commit,
    metrics: await metricsOf(made),
    verdict,
    model: `${production.name} version ${production.version}`,
    image: published.reference,
    after: [...published.notes, answer, rolledOut, ...address, ...kept, ...noted],
  });
}
