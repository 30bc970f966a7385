/**
 * The release, step by step: model, registration, gate, image, registry, cluster. `release` and `rehearse` differ only in the
 * servers they use. The first step that fails, or whose gate refuses, ends it.
 */
import type { Container } from '@dagger.io/dagger';
import { type Arguments, awsClientsOf, builderOf, neededTracking } from '../arguments.ts';
import { type Builder, buildImage, contentId } from '../containers/image.ts';
import { withPipeline, withTracking } from '../containers/pipeline.ts';
import { rolloutSettings, type SettingWords } from '../deploy/settings.ts';
import { CHECKED_LABEL } from '../ecr/registry.ts';
import { PipelineError } from '../errors.ts';
import { type Result, success } from '../result.ts';
import { runStep } from '../step.ts';
import { signingOf } from '../supply/keys.ts';
import { type Announcement, announce, announcementOf } from './address.ts';
import { askCluster, hasCluster, type TargetCluster, targetOf } from './cluster.ts';
import {
  type Call,
  callOf,
  contentOf,
  heldOut,
  makeModel,
  metricsOf,
  type ProductionModel,
  productionModel,
  promote,
  type RollbackWords,
  register,
  rollBackModel,
  type Workspace,
} from './model.ts';
import { noteExamination } from './model_note.ts';
import {
  type Destination,
  type DestinationArguments,
  destinationOf,
  keepDeployed,
  lockOf,
  openDestination,
  publish,
  releaseTag,
  tryPublished,
} from './publish.ts';
import { releaseReport } from './report.ts';
import { rollOut } from './rollout.ts';

export type ReleaseInputs = Builder &
  Workspace & {
    /** Tells a container where the tracking server is. */
    tracking: (container: Container) => Container;
    destination: Destination;
    /** Without a cluster the release ends at the registry and says so. */
    cluster?: TargetCluster;
    /** By default, reports the address without waiting for it. */
    announcement?: Announcement;
    /** Fetches the sources of texts again. */
    retrain?: boolean;
    /** The commit has passed all checks. */
    checked?: boolean;
  };

export type ReleaseWords = DestinationArguments &
  SettingWords & { targetsTo?: string; retrain?: boolean; checked?: boolean };

type DestinationWords = Omit<DestinationArguments, 'to'> & { to?: string };

/** What the arguments ask for. Wrong names are reported before the checks run, which take long. */
export async function releaseAs(
  given: Arguments,
  words: ReleaseWords,
  checks: () => Promise<unknown>,
): Promise<Result> {
  const settings = rolloutSettings(words);
  const tracking = neededTracking(given, 'release');
  const commit = await releaseTag(given.source);
  const signing = await signingOf(given.signing);
  const destination = await destinationOf({ ...words, signing }, commit, () => awsClientsOf(given), given.source);
  const target = hasCluster(given.target) ? await targetOf(given, 'release') : undefined;
  const cluster = target && { ...target, ...settings };
  const announcement = await announcementOf(words.targetsTo, () => awsClientsOf(given));
  if (!cluster) refuseClusterWords(words);
  const [released] = await Promise.all([
    openDestination(destination).then(({ look }) => look(commit)),
    cluster && askCluster(cluster),
  ]);
  // CI knows it, or the image of this commit says so itself: then only texts or models can be new.
  const isChecked = words.checked || released?.labels[CHECKED_LABEL] === 'passed';
  if (!isChecked) await checks();
  const inputs = { ...builderOf(given), tracking: withTracking(tracking), destination, cluster, announcement };
  return releaseTo({ ...inputs, retrain: words.retrain, checked: true }, callOf('release'));
}

/** Throws CLUSTER_ARGUMENTS for an argument about a rollout when there will be none. */
function refuseClusterWords({ patience = [], despite = [], targetsTo, ...words }: ReleaseWords): void {
  const { deadline, bake, canary, prometheus, maxFlips } = words;
  const lists = { patience: patience.length > 0, despite: despite.length > 0 };
  const given = { ...lists, deadline, bake, canary, prometheus, 'max-flips': maxFlips, 'targets-to': targetsTo };
  const [name] = Object.entries(given).find(([, value]) => value) ?? [];
  if (name === undefined) return;
  const next = 'add --cluster NAME (EKS) or --kubeconfig file:$HOME/.kube/config, or leave it out';
  throw new PipelineError('CLUSTER_ARGUMENTS', `--${name} is about a rollout, and no cluster was given`, { next });
}

/** Runs all steps. The report is Markdown, or that of the rollout that failed. */
export async function releaseTo(inputs: ReleaseInputs, call: Call): Promise<Result> {
  const { source, tracking, destination, retrain } = inputs;
  const made = await makeModel(inputs, call, { retrain });
  const registered = await register(made.with(tracking), source, call);
  const { verdict, container } = await promote(registered, call);
  const production = await productionModel(container, source, call);
  const cluster = inputs.cluster?.signals?.shadow ? { ...inputs.cluster, sample: await heldOut(made) } : inputs.cluster;
  const { result, after } = await ship({ ...inputs, cluster }, production, call);
  if (result.exitCode !== 0) return result;
  const report = releaseReport({
    commit: destination.tag,
    metrics: await metricsOf(made),
    verdict,
    model: `${production.name} version ${production.version}`,
    image: result.reference,
    after,
  });
  return { ...result, report };
}

/** From the model in Production to the cluster. `after` has one line for each step that went well. */
export async function ship(
  inputs: Omit<ReleaseInputs, 'tracking' | 'retrain'>,
  production: ProductionModel,
  call: Call,
): Promise<{ result: Result; after: string[] }> {
  const { source, toolbox, destination, cluster, announcement = { waitMs: 0 }, checked } = inputs;
  const commit = destination.tag;
  const modelVersion = production.version;
  const content = contentOf(production, commit);
  const image = await buildImage(inputs, content);
  await runStep({ function: call.function, step: 'builds the Dockerfile' }, () => image.sync());
  const published = await publish(
    { image, content: await contentId(source, content), lock: await lockOf(source), modelVersion, checked },
    destination,
    call,
  );
  const { reference, notes, isPushed } = published;
  const asked = [...notes, await tryPublished(toolbox, published, call)];
  if (!cluster) {
    const after = [...asked, 'not deployed: no cluster was given'];
    return { result: success(isPushed ? 'pushed' : 'unchanged', after.join('\n'), { reference }), after };
  }
  const rollout = { ...cluster, image: reference, commit, modelVersion };
  const result = await rollOut(rollout, call);
  if (result.exitCode !== 0) return { result, after: asked };
  const kept = await keepDeployed(published, destination);
  const address = await announce(rollout, announcement);
  const noted = await noteExamination(rollout, production);
  return { result, after: [...asked, result.report, ...address, ...kept, ...noted] };
}

/**
 * Goes back to an earlier model, or ends a hold; with `deploy` the model then serves, in the code of this commit, which must
 * have been released. Nothing moves before cluster and registry have been asked. Throws NOT_RELEASED and as releaseAs.
 */
export async function rollBackAs(
  given: Arguments,
  words: RollbackWords & DestinationWords & { deploy: boolean },
): Promise<Result> {
  const call = callOf('rollback-model');
  const tracking = neededTracking(given, call.function);
  if (!words.deploy) return success(words.lift ? 'lifted' : 'gone back', await rollBackModel(given, words, call));
  if (words.lift || !words.to) {
    const headline = words.lift
      ? '--deploy is for going back, and --lift ends a hold'
      : '--deploy needs --to REGISTRY/REPOSITORY';
    throw new PipelineError('ROLLBACK_ARGUMENTS', headline, { next: 'see dagger call rollback-model --help' });
  }
  const commit = await releaseTag(given.source);
  const signing = await signingOf(given.signing);
  const to = { ...words, to: words.to, signing };
  const destination = await destinationOf(to, commit, () => awsClientsOf(given), given.source);
  const cluster = await targetOf(given, call.function);
  const [released] = await Promise.all([
    openDestination(destination).then(({ look }) => look(commit)),
    askCluster(cluster),
  ]);
  if (released?.labels[CHECKED_LABEL] !== 'passed') {
    const next = 'check out the commit that serves, or go back without --deploy and then release';
    throw new PipelineError(
      'NOT_RELEASED',
      `rollback-model: the commit ${commit} has not been released to ${words.to}`,
      { next },
    );
  }
  const said = await rollBackModel(given, words, call);
  const builder = builderOf(given);
  const container = withPipeline(builder).with(withTracking(tracking));
  const production = await productionModel(container, given.source, call);
  const { result, after } = await ship({ ...builder, destination, cluster, checked: true }, production, call);
  const further = result.exitCode === 0 ? [result.reference, ...after] : [result.report];
  return { ...result, report: [said.trimEnd(), ...further].join('\n') };
}
