/** Publishes an image to a registry: ECR, whose repository is prepared first and whose scan is awaited, or any other. */
import { type Container, type Directory, dag, type File, type Secret, type Service } from '@dagger.io/dagger';
import { type Arguments, awsClientsOf, builderOf, readSecret, trackingOf } from '../arguments.ts';
import type { AwsClients } from '../aws/clients.ts';
import { buildImage, contentId } from '../containers/image.ts';
import { neverCached } from '../containers/pipeline.ts';
import { type Ignored, parseIgnored } from '../ecr/ignored.ts';
import { markDeployed } from '../ecr/lifecycle.ts';
import {
  CHECKED_LABEL,
  CONTENT_LABEL,
  pushDecision,
  type RegistryLogin,
  registryLogin,
  type TagState,
  tagState,
  tagToPush,
} from '../ecr/registry.ts';
import { prepareRepository } from '../ecr/repository.ts';
import { parseSeverity, type Severity, scanGate, scanSummary } from '../ecr/scan.ts';
import { PipelineError } from '../errors.ts';
import { byDigest, ecrHost, type ImageName, imageTag, parseImageName } from '../image_name.ts';
import { hide } from '../redact.ts';
import { type Result, success } from '../result.ts';
import { lastLines, runStep } from '../step.ts';
import { BILL, checkBill } from '../supply/bill.ts';
import { type Signing, signAndVerify, signingOf } from '../supply/keys.ts';
import { type Call, callOf, chosenModel } from './model.ts';

/** Where an image goes, as callers give it. */
export type DestinationArguments = {
  to: string;
  username?: string;
  password?: Secret;
  stopAt?: string;
  correctRepository?: boolean;
  signing?: Signing;
};

export type Destination = {
  name: ImageName;
  tag: string;
  username?: string;
  password?: Secret;
  /** Set for ECR, which issues the user name and the password. */
  ecr?: Ecr;
  /** The registry if it runs as a service. */
  registryService?: Service;
  signing?: Signing;
};

export type Ecr = {
  clients: AwsClients;
  /** Where the images are if not in ECR: the AWS of a rehearsal holds none. */
  registryUrl?: string;
  /** The severity that stops the release. */
  severity?: Severity;
  /** Gives an existing repository the settings of a new one. */
  correct?: boolean;
  /** Findings that do not count. */
  ignored?: Ignored[];
};

/** `content` identifies what the image is made of: equal for two builds of the same content. */
export type Build = {
  image: Container;
  content: string;
  /** Text of package-lock.json. */
  lock: string;
  /** Of the model, if it is from the registry. */
  modelVersion?: string;
  /** Its commit has passed all checks. */
  checked?: boolean;
};

export type Published = {
  /** By digest. */
  reference: string;
  tag: string;
  /** False if the tag had this content already. */
  isPushed: boolean;
  notes: string[];
  /** What else a pull needs. */
  from: Pick<Destination, 'username' | 'password' | 'registryService'>;
};

/** The service's image. Throws STEP_FAILED and what chosenModel throws. */
export async function imageAs(
  given: Arguments,
  model: File | undefined,
  commit: string | undefined,
): Promise<Container> {
  const call = callOf('image');
  const content = await chosenModel(
    model,
    builderOf(given),
    trackingOf(given),
    call,
    commit ?? (await knownTag(given.source)),
  );
  const next = 'docker build . shows more of the same error';
  const image = await buildImage(builderOf(given), content);
  return runStep({ function: 'image', step: 'builds the Dockerfile', next }, () => image.sync());
}

/** Builds and pushes the image of the working tree. */
export async function publishAs(given: Arguments, words: DestinationArguments & { model?: File }): Promise<Result> {
  const call = callOf('publish');
  const tag = await treeTag(given.source);
  const signing = await signingOf(given.signing);
  const destination = await destinationOf({ ...words, signing }, tag, () => awsClientsOf(given), given.source);
  // A registry that does not answer is told before anything is built.
  if (!destination.ecr) await openDestination(destination).then(({ look }) => look(tag));
  const content = await chosenModel(words.model, builderOf(given), trackingOf(given), call, tag);
  const image = await buildImage(builderOf(given), content);
  const build = { image, content: await contentId(given.source, content), lock: await lockOf(given.source) };
  const { reference, notes, isPushed } = await publish(build, destination, call);
  return success(isPushed ? 'pushed' : 'unchanged', [...notes, reference].join('\n'), { reference });
}

/** The tag for the working tree, if it is a repository. */
async function knownTag(source: Directory): Promise<string | undefined> {
  const isRepository = (await source.entries()).includes('.git/');
  return isRepository ? treeTag(source) : undefined;
}

/** The tag for the working tree. */
export async function treeTag(source: Directory): Promise<string> {
  const git = source.asGit();
  const [commit, isClean] = await Promise.all([git.head().commit(), git.uncommitted().isEmpty()]);
  return imageTag(commit, isClean);
}

/** The tag of a release. Throws DIRTY when a change is not committed. */
export async function releaseTag(source: Directory): Promise<string> {
  const tag = await treeTag(source);
  if (!tag.endsWith('-dirty')) return tag;
  const next = 'commit your changes, or use rehearse';
  throw new PipelineError('DIRTY', 'release: the tag is the commit, and some changes are not committed', { next });
}

/**
 * A name in ECR needs AWS credentials; ECR then issues user name and password. Throws IMAGE_NAME, AWS_ARGUMENTS, SCAN_SEVERITY,
 * and DESTINATION for an argument that has no meaning here.
 */
export async function destinationOf(
  { to, username, password, stopAt, correctRepository, signing }: DestinationArguments,
  tag: string,
  awsClients: () => Promise<AwsClients | undefined>,
  source?: Directory,
): Promise<Destination> {
  const name = parseImageName(to);
  const severity = stopAt ? parseSeverity(stopAt) : undefined;
  const home = ecrHost(name.registry);
  if (home === undefined) {
    if (severity) throw meaningless(`--stop-at asks for ECR's scan, and ${name.registry} is not ECR`);
    if (Boolean(username) !== (password !== undefined))
      throw meaningless('--username and --password belong together', 'add the one that is missing');
    hide(await readSecret('password', password));
    return { name, tag, username, password, signing };
  }
  if (username || password !== undefined)
    throw meaningless('ECR issues user name and password by itself, and others were given');
  const clients = await awsClients();
  if (clients === undefined) {
    const headline = `${name.registry} is in ECR, and no AWS credentials were given`;
    const next =
      'add --aws-region, --aws-access-key-id and --aws-secret-access-key, or a web identity token and a role';
    throw new PipelineError('AWS_ARGUMENTS', headline, { next });
  }
  const ignored = severity && source ? await ignoredIn(source) : [];
  const inEcr = { clients: clients.inRegion(home.region), severity, ignored, correct: correctRepository };
  return { name, tag, signing, ecr: inEcr };
}

/** The findings that the repository says do not apply. Throws SCAN_IGNORE. */
async function ignoredIn(source: Directory): Promise<Ignored[]> {
  const [file] = await source.glob('scan-ignore.yaml');
  return file ? parseIgnored(await source.file(file).contents(), file) : [];
}

function meaningless(headline: string, next = 'leave it out'): PipelineError {
  return new PipelineError('DESTINATION', headline, { next });
}

/** A destination that takes images: what signs in to it, and what a tag of it holds. */
type OpenDestination = Destination & {
  look: (tag: string) => Promise<TagState>;
  /** For calls of this module itself. */
  login: () => Promise<RegistryLogin>;
};

/** Signs in and looks, without changing anything. Throws REGISTRY, and as registryLogin. */
export async function openDestination(destination: Destination): Promise<OpenDestination> {
  const { name, ecr } = destination;
  if (ecr === undefined) {
    const login = async () => ({
      host: name.registry,
      username: destination.username ?? '',
      password: (await destination.password?.plaintext()) ?? '',
    });
    return { ...destination, login, look: (tag) => tagStateByEngine(destination, tag) };
  }
  const login = await registryLogin(ecr.clients, ecr.registryUrl ?? name.registry);
  const { username } = login;
  const password = dag.setSecret('ecr-password', login.password);
  const look = (tag: string) => tagState(login, name.repository, tag);
  return { ...destination, username, password, look, login: async () => login };
}

/** The engine asks, which also pushes: it reaches what it pushes to, and knows how each registry wants to be asked. */
async function tagStateByEngine(destination: Destination, tag: string): Promise<TagState> {
  const { name, registryService } = destination;
  const address = `${name.registry}/${name.repository}:${tag}`;
  const image = signedIn(dag.container(), destination, address).from(address, registryService && { registryService });
  try {
    const reference = await image.imageRef();
    const labels = await image.labels();
    const pairs = labels.map(async (label) => [await label.name(), await label.value()]);
    return { digest: digestOf(reference), labels: Object.fromEntries(await Promise.all(pairs)) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    if (/: not found|manifest unknown|name unknown/i.test(words)) return undefined;
    const headline = `the registry ${name.registry} does not say what ${name.repository}:${tag} holds`;
    const next = 'check --to, and --username with --password; docker login and docker pull show more';
    throw new PipelineError('REGISTRY', headline, { evidence: lastLines(words), next, cause: error });
  }
}

function signedIn(container: Container, { username, password }: Destination, address: string): Container {
  return username && password ? container.withRegistryAuth(address, username, password) : container;
}

/** Throws what the parts throw: IMAGE_NOT_LOCKED, TAG_TAKEN, REGISTRY, IMAGE_UNSIGNED, SCAN_REFUSED, AWS_DENIED and others; STEP_FAILED for the push. */
export async function publish(build: Build, destination: Destination, call: Call): Promise<Published> {
  const { name, ecr, signing = {} } = destination;
  const bill = checkBill(await build.image.file(BILL).contents(), build.lock);
  const prepared = ecr && (await prepareRepository(ecr.clients, { name: name.repository, correct: ecr.correct }));
  const opened = await openDestination(destination);
  const { tag, state } = await tagToPush(
    { tag: destination.tag, label: build.content, modelVersion: build.modelVersion },
    opened.look,
  );
  const isPushed = pushDecision({ repository: name.repository, tag, state }, { label: build.content }) === 'push';
  const from = { ...opened, tag };
  const reference =
    isPushed || !state ? await push(build, from, call) : `${name.registry}/${name.repository}@${state.digest}`;
  const notes = [
    ...(prepared?.created ? [`created the repository ${prepared.name}`] : (prepared?.changes ?? [])),
    ...(isPushed ? [] : [`nothing was pushed: tag ${tag} already has this content`]),
    bill,
    ...(await signAndVerify(signing, opened.login, { ...name, digest: digestOf(reference), isPushed, commit: tag })),
  ];
  if (ecr === undefined || ecr.registryUrl) return { reference, tag, isPushed, notes, from };
  const scan = await scanSummary(ecr.clients, { repository: name.repository, digest: digestOf(reference) });
  const passed = ecr.severity ? scanGate(scan, ecr.severity, ecr.ignored) : [];
  return { reference, tag, isPushed, notes: [...notes, scan.text, ...passed], from };
}

export function lockOf(source: Directory): Promise<string> {
  return source.file('package-lock.json').contents();
}

/** Keeps ECR from expiring what serves. A failure becomes a line of the report: the release itself has succeeded. */
export async function keepDeployed({ reference, tag }: Published, { name, ecr }: Destination): Promise<string[]> {
  if (ecr === undefined || ecr.registryUrl !== undefined) return [];
  try {
    await markDeployed(ecr.clients, { repository: name.repository, tag, digest: digestOf(reference) });
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Asks the service, which the container reaches as `app`, for a prediction. */
const QUESTION = `
  const response = await fetch('http://app:8080/predict', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'A wonderful film' }),
  });
  console.log(response.status, await response.text());
  if (!response.ok) process.exitCode = 1;
`;

/** Pulls and starts the pushed image, as a cluster would, and asks it for a prediction. */
export async function tryPublished(toolbox: Container, { reference, from }: Published, call: Call): Promise<string> {
  const { username, password, registryService } = from;
  const host = reference.split('/')[0];
  const start = username && password ? dag.container().withRegistryAuth(host, username, password) : dag.container();
  const service = start.from(reference, registryService && { registryService }).asService({ useEntrypoint: true });
  const asked = toolbox
    .withServiceBinding('app', service)
    .with(neverCached(call.when))
    .withExec(['node', '--input-type=module', '-e', QUESTION]);
  const step = { function: call.function, step: 'starts the pushed image and asks it for a prediction' };
  const answer = await runStep(step, () => asked.stdout());
  return `its answer to "A wonderful film": ${answer.trim()}`;
}

async function push({ image, content, checked }: Build, destination: Destination, call: Call): Promise<string> {
  const { name, tag, registryService } = destination;
  const address = `${name.registry}/${name.repository}:${tag}`;
  const labelled = image.withLabel(CONTENT_LABEL, content);
  const marked = checked ? labelled.withLabel(CHECKED_LABEL, 'passed') : labelled;
  const next = 'check that the registry has the repository, and that the user may push to it';
  const published = await runStep({ function: call.function, step: `pushes to ${address}`, next }, () =>
    signedIn(marked, destination, address).publish(address, registryService && { registryService }),
  );
  return byDigest(published);
}

function digestOf(reference: string): string {
  return reference.slice(reference.indexOf('@') + 1);
}
