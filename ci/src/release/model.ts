/** From the reviews to the model in Production: stages one to five, registration, gate. */
import type { Container, Directory, File } from '@dagger.io/dagger';
import { type Arguments, builderOf, neededTracking } from '../arguments.ts';
import { parseSample, type Question } from '../bake/sample.ts';
import type { ImageContent } from '../containers/image.ts';
import { type TextsSignIn, withOwnTexts } from '../containers/own_texts.ts';
import {
  type Checkout,
  neverCached,
  type Tracking,
  withModel,
  withModelKey,
  withPipeline,
  withRegistration,
  withSourcesRead,
  withTracking,
} from '../containers/pipeline.ts';
import { type Result, success } from '../result.ts';
import { runStep } from '../step.ts';
import { lastSentence, parseMetrics } from './report.ts';

/** The public function that runs, for error messages, and a text that differs from call to call. */
export type Call = { function: string; when: string };

export function callOf(functionName: string): Call {
  return { function: functionName, when: new Date().toISOString() };
}

/** What the stages run on, and the sign-in for texts in S3. */
export type Workspace = Checkout & TextsSignIn;

/** The model in Production, with the name and version in the registry, and when a pipeline last examined it (ISO 8601). */
export type ProductionModel = { model: File; name: string; version: string; examinedAt?: string };

/** Stages one to five, cached by what they read. `retrain` fetches the sources again, which may have changed. */
export async function makeModel(workspace: Workspace, call: Call, { retrain = false } = {}): Promise<Container> {
  const container = await withOwnTexts(withPipeline(workspace), workspace, call.function);
  const next = 'run the same locally: make pipeline';
  return runStep({ function: call.function, step: 'runs the stages of dvc.yaml', next }, () =>
    withModel(retrain ? withSourcesRead(container.with(neverCached(call.when))) : container).sync(),
  );
}

/** Stage six. It gets the repository's history, so that the run records its commit. */
export async function register(made: Container, source: Directory, call: Call): Promise<Container> {
  const next = 'check the tracking server: dagger call ... doctor';
  const container = made.with(await withHistory(source)).with(neverCached(call.when));
  return runStep({ function: call.function, step: 'registers the model', next }, () =>
    withRegistration(container).sync(),
  );
}

/** Champion against challenger. Throws GATE_REFUSED if the challenger stays in Staging. */
export async function promote(registered: Container, call: Call): Promise<{ verdict: string; container: Container }> {
  const container = registered.withExec(['node', 'ml/stages/promote_model.ts']);
  const verdict = await runStep({ function: call.function, step: 'compares the model with Production' }, () =>
    container.stdout(),
  );
  return { verdict, container };
}

/** The verdict on the model in Staging, with the texts that the stages prepare. Throws as neededTracking and promote. */
export async function promoteAs(given: Arguments): Promise<Result> {
  const call = callOf('promote');
  const tracking = neededTracking(given, 'promote');
  const made = await makeModel(builderOf(given), call);
  const { verdict } = await promote(made.with(withTracking(tracking)).with(neverCached(call.when)), call);
  const [state] = lastSentence(verdict).split(':');
  return success(state, verdict);
}

/** Fetches the model that is in Production now from the tracking server. */
export async function productionModel(container: Container, source: Directory, call: Call): Promise<ProductionModel> {
  const path = 'models/production.bin';
  const program = 'scripts/production_model.ts';
  const fetched = container
    .withFile(program, source.file(program))
    .with(neverCached(call.when))
    .withExec(['node', program, path]);
  const output = await runStep({ function: call.function, step: 'fetches the model in Production' }, () =>
    fetched.stdout(),
  );
  const [name = '', version = '', examinedAt] = output.trim().split(' ');
  return { model: fetched.file(path), name, version, examinedAt };
}

export type RollbackWords = { by: string; reason?: string; version?: string; lift: boolean };

/** Production goes back to an earlier version, or a hold ends: `sentiment rollback-model` in a container. Returns its words. */
export async function rollBackModel(
  given: Arguments,
  { by, reason, version, lift }: RollbackWords,
  call: Call,
): Promise<string> {
  const tracking = neededTracking(given, call.function);
  const words = [version ?? [], lift ? '--lift' : [], reason === undefined ? [] : `--reason=${reason}`, `--by=${by}`];
  const container = withPipeline(builderOf(given))
    .withDirectory('cli', given.source.directory('cli'))
    .with(withTracking(tracking))
    .with(neverCached(call.when))
    .withExec(['node', 'cli/main.ts', 'rollback-model', ...words.flat()]);
  return runStep({ function: call.function, step: 'goes back to an earlier model' }, () => container.stdout());
}

const GIVEN_MODEL = '/given/model.bin';

/** Reads a model as the service does, with its signature if a key is given. */
const READ_MODEL = `
  import { runMain } from './ml/errors.ts';
  import { readModel } from './ml/model/artifact.ts';
  import { KEY_VARIABLE, verifyKeyOf } from './ml/model/signature.ts';
  await runMain(async () => void readModel('${GIVEN_MODEL}', { key: verifyKeyOf(process.env[KEY_VARIABLE]) }));
`;

/** What an image contains: the model that the caller gives, which is read first, or else that of servedModel. */
export async function chosenModel(
  model: File | undefined,
  workspace: Workspace,
  tracking: Tracking | undefined,
  call: Call,
  commit?: string,
): Promise<ImageContent> {
  if (!model) return servedModel(workspace, tracking, call, commit);
  const reading = withPipeline(workspace)
    .with(withModelKey(tracking?.modelKey))
    .withMountedFile(GIVEN_MODEL, model)
    .withExec(['node', '--input-type=module', '-e', READ_MODEL]);
  await runStep({ function: call.function, step: 'reads the model of --model' }, () => reading.sync());
  return { model, commit };
}

/** What an image contains by default: the model in Production, or without a tracking server the one that the stages make. */
export async function servedModel(
  workspace: Workspace,
  tracking: Tracking | undefined,
  call: Call,
  commit?: string,
): Promise<ImageContent> {
  if (tracking) {
    const container = withPipeline(workspace).with(withTracking(tracking));
    return contentOf(await productionModel(container, workspace.source, call), commit);
  }
  const made = await makeModel(workspace, call);
  return { model: made.file('models/model.bin'), commit };
}

export async function metricsOf(made: Container): Promise<Record<string, number>> {
  return parseMetrics(await made.file('reports/metrics.json').contents());
}

/** Some of the held-out texts, which two revisions of the service are asked. */
export async function heldOut(made: Container): Promise<Question[]> {
  return parseSample(await made.withExec(['node', 'ml/stages/held_out_sample.ts']).stdout(), 'the held-out sample');
}

export function contentOf({ model, name, version }: ProductionModel, commit?: string): ImageContent {
  return { model, modelName: name, modelVersion: version, commit };
}

/** Adds .git and all files that git knows, tests included: git would report missing files as deleted. */
export async function withHistory(source: Directory): Promise<(container: Container) => Container> {
  const isRepository = (await source.entries()).includes('.git/');
  return (container) =>
    isRepository
      ? container
          .withoutDirectory('.git')
          // Git's configuration may hold the password of a remote; git makes a new one.
          .withDirectory('.', source.filter({ include: ['.git', 'ml'], exclude: ['.git/config'] }))
          .withExec(['git', 'init', '--quiet'])
      : container;
}
