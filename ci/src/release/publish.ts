/** The image's way into a registry: ECR, which is made ready first and asked what it found, or any other. */
import { type Container, dag, type Secret, type Service } from '@dagger.io/dagger';
import { byDigest, type ImageName } from '../image/reference.ts';
import { markDeployed } from '../registry/deployed.ts';
import { registryLogin } from '../registry/login.ts';
import { prepareRepository } from '../registry/repository.ts';
import { type Severity, scanGate, scanSummary } from '../registry/scan.ts';
import { CONTENT_LABEL, pushDecision, tagState } from '../registry/tag.ts';
import { runStep } from '../steps/step.ts';
import type { AwsClients } from '../world/aws_clients.ts';
import type { Call } from './model.ts';

export type Destination = {
  name: ImageName;
  tag: string;
  username?: string;
  password?: Secret;
  /** When it is ECR: then it gives out user name and password. */
  ecr?: Ecr;
  /** A registry that runs as a service, if it is one. */
  registryService?: Service;
};

export type Ecr = {
  clients: AwsClients;
  /** Where its images are, if not at ECR: a rehearsal's double holds none. */
  registryUrl?: string;
  /** The severity that stops the release. */
  severity?: Severity;
};

/** What was pushed: `content` tells whether two builds are the same. */
export type Build = { image: Container; content: string };

export type Published = {
  /** By digest. */
  reference: string;
  notes: string[];
  /** What else is needed to pull it. */
  from: Pick<Destination, 'username' | 'password' | 'registryService'>;
};

/** Throws what the registry's parts throw: TAG_TAKEN, SCAN_REFUSED, AWS_DENIED and others; STEP_FAILED for the push. */
export async function publish(build: Build, destination: Destination, call: Call): Promise<Published> {
  return destination.ecr
    ? publishToEcr(build, destination, destination.ecr, call)
    : { reference: await push(build, destination, call), notes: [], from: destination };
}

async function publishToEcr(build: Build, destination: Destination, ecr: Ecr, call: Call): Promise<Published> {
  const { name, tag } = destination;
  const { clients, registryUrl, severity } = ecr;
  const prepared = await prepareRepository(clients, { name: name.repository });
  const login = await registryLogin(clients, registryUrl ?? name.registry);
  const state = await tagState(login, name.repository, tag);
  const isHeld = pushDecision({ repository: name.repository, tag, state }, { label: build.content }) === 'unchanged';
  const signedIn = {
    ...destination,
    username: login.username,
    password: dag.setSecret('ecr-password', login.password),
  };
  const reference =
    isHeld && state ? `${name.registry}/${name.repository}@${state.digest}` : await push(build, signedIn, call);
  const notes = [
    ...(prepared.created ? [`repository ${prepared.name} was made`] : prepared.changes),
    ...(isHeld ? [`tag ${tag} held this content already: nothing was pushed`] : []),
  ];
  if (registryUrl) return { reference, notes, from: signedIn };
  const digest = reference.slice(reference.indexOf('@') + 1);
  const scan = await scanSummary(clients, { repository: name.repository, digest });
  if (severity) scanGate(scan, severity);
  return { reference, notes: [...notes, scan.text], from: signedIn };
}

/** What serves is never expired. That this could not be written is a line of the report: the release has succeeded. */
export async function keepDeployed(reference: string, { name, tag, ecr }: Destination): Promise<string[]> {
  if (ecr === undefined || ecr.registryUrl !== undefined) return [];
  const digest = reference.slice(reference.indexOf('@') + 1);
  try {
    await markDeployed(ecr.clients, { repository: name.repository, tag, digest });
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function push({ image, content }: Build, destination: Destination, call: Call): Promise<string> {
  const { name, tag, username, password, registryService } = destination;
  const address = `${name.registry}/${name.repository}:${tag}`;
  const labelled = image.withLabel(CONTENT_LABEL, content);
  const signedIn = username && password ? labelled.withRegistryAuth(address, username, password) : labelled;
  const next = 'see whether the registry has the repository, and whether the user may push to it';
  const published = await runStep({ function: call.function, step: `pushes to ${address}`, next }, () =>
    signedIn.publish(address, registryService && { registryService }),
  );
  return byDigest(published);
}
