/** The module's arguments in groups, and what the functions read from each group. */
import type { Container, Directory, Platform, Secret, Service } from '@dagger.io/dagger';
import { type AwsClients, awsClients } from './aws/clients.ts';
import { type AwsSignIn, awsCredentials, checkAwsSignIn } from './aws/sign_in.ts';
import type { Builder } from './containers/image.ts';
import type { TextsSignIn } from './containers/own_texts.ts';
import type { Checkout, Tracking } from './containers/pipeline.ts';
import { checkPlatform } from './containers/platforms.ts';
import { type Mirrors, toolbox } from './containers/toolbox.ts';
import { PipelineError } from './errors.ts';
import { hide } from './redact.ts';
import { lastLines } from './step.ts';
import type { SigningArguments } from './supply/keys.ts';
import { type TrackingSignIn, trackingAddress } from './tracking.ts';

export type Arguments = {
  /** The repository. */
  source: Directory;
  images: Images;
  mirrors: Mirrors;
  tracking: TrackingSignIn<Secret>;
  aws: AwsSignIn<Secret>;
  target: ClusterArguments;
  signing: SigningArguments;
  /** Address of the texts, if params.yaml names a variable. */
  texts?: Secret;
  /** Then it takes nothing from cache volumes that others can write to. */
  hasSecret: boolean;
};

export type Images = {
  node: string;
  registry: string;
  cluster: string;
  /** Of the service's image, such as linux/arm64. */
  platform?: Platform;
};

export type ClusterArguments = {
  /** Name of an EKS cluster. */
  cluster?: string;
  kubeconfig?: Secret;
  kubeContext?: string;
  /** The API server, if only the caller's machine reaches it. */
  apiServer?: Service;
};

/** `region` of the group `aws` is the option `awsRegion`. */
type Options<Name extends string, Group> = {
  [Key in keyof Group as `${Name}${Capitalize<Key & string>}`]: Group[Key];
};

/** The module's arguments as Dagger keeps them: it restores secrets, files and services only as fields of the object itself. */
export type FlatArguments = Pick<Arguments, 'source' | 'texts'> &
  Record<'nodeImage' | 'registryImage' | 'clusterImage', string> &
  Pick<Images, 'platform'> &
  Mirrors &
  ClusterArguments &
  SigningArguments &
  Options<'tracking', TrackingSignIn<Secret>> &
  Options<'aws', AwsSignIn<Secret>>;

/** The arguments in their groups. Throws as checkPlatform and readSecrets. */
export async function argumentsOf(flat: FlatArguments): Promise<Arguments> {
  const { source, platform, npmrc, pipConfig, aptSources, caBundle, goProxy } = flat;
  const { trackingUri: uri, trackingUsername: username, trackingPassword: password, trackingToken: token } = flat;
  const { cluster, kubeconfig, kubeContext, apiServer } = flat;
  const given = {
    source,
    images: { node: flat.nodeImage, registry: flat.registryImage, cluster: flat.clusterImage, platform },
    mirrors: { npmrc, pipConfig, aptSources, caBundle, goProxy },
    tracking: { uri, username, password, token },
    aws: {
      region: flat.awsRegion,
      accessKeyId: flat.awsAccessKeyId,
      secretAccessKey: flat.awsSecretAccessKey,
      sessionToken: flat.awsSessionToken,
      roleArn: flat.awsRoleArn,
      webIdentityToken: flat.awsWebIdentityToken,
    },
    target: { cluster, kubeconfig, kubeContext, apiServer },
    signing: { signKey: flat.signKey, verifyKey: flat.verifyKey, modelKey: flat.modelKey },
    texts: flat.texts,
  };
  checkPlatform(platform);
  const texts = await readSecrets(given);
  return { ...given, hasSecret: [...texts.keys()].some((option) => !OF_MIRRORS.includes(option)) };
}

/** Options whose secrets open package sources or texts; any other is of somebody who may release. */
const OF_MIRRORS = ['npmrc', 'pip-config', 'texts'];

/** The texts by option. Throws SECRET for one that cannot be read, such as env:NAME of a variable that is not set. */
async function readSecrets({
  mirrors,
  tracking,
  aws,
  target,
  signing,
  texts: address,
}: Omit<Arguments, 'hasSecret'>): Promise<Map<string, string>> {
  const secrets = {
    npmrc: mirrors.npmrc,
    'pip-config': mirrors.pipConfig,
    'tracking-password': tracking.password,
    'tracking-token': tracking.token,
    'aws-access-key-id': aws.accessKeyId,
    'aws-secret-access-key': aws.secretAccessKey,
    'aws-session-token': aws.sessionToken,
    'aws-web-identity-token': aws.webIdentityToken,
    kubeconfig: target.kubeconfig,
    'sign-key': signing.signKey,
    'model-key': signing.modelKey,
    texts: address,
  };
  const texts = new Map<string, string>();
  for (const [option, secret] of Object.entries(secrets)) {
    const text = await readSecret(option, secret);
    // The words of a whole file are not secrets.
    if (/^(?:tracking-|aws-|texts$)/.test(option)) hide(text);
    if (text !== undefined) texts.set(option, text);
  }
  return texts;
}

/** The text of one option's secret. Throws SECRET. */
export async function readSecret(option: string, secret: Secret | undefined): Promise<string | undefined> {
  return secret?.plaintext().catch((cause: unknown) => {
    const evidence = lastLines(cause instanceof Error ? cause.message : String(cause));
    const next = 'set the variable or create the file that it names, or leave it out';
    throw new PipelineError('SECRET', `the secret of --${option} cannot be read`, { evidence, next, cause });
  });
}

export function toolboxOf({ source, images, mirrors, hasSecret }: Arguments): Container {
  return toolbox(source, images.node, { ...mirrors, hasSecret });
}

/** What the model and the service's image are built from. */
export function builderOf(given: Arguments): Builder & Checkout & TextsSignIn {
  const { source, images, mirrors, hasSecret } = given;
  return {
    source,
    nodeImage: images.node,
    platform: images.platform,
    mirrors,
    toolbox: toolboxOf(given),
    hasSecret,
    aws: given.aws,
    texts: given.texts,
  };
}

/** The tracking server; undefined when none is given. Throws TRACKING_ARGUMENTS. */
export function trackingOf({ tracking, signing: { modelKey } }: Arguments): Tracking | undefined {
  const uri = trackingAddress(tracking);
  if (uri !== undefined) return { ...tracking, uri, modelKey };
  if (modelKey === undefined) return undefined;
  const headline = '--model-key signs and checks the models of a tracking server, and none was given';
  throw new PipelineError('TRACKING_ARGUMENTS', headline, { next: 'add --tracking-uri, or leave it out' });
}

/** The tracking server of a function that needs one. Throws TRACKING_ARGUMENTS. */
export function neededTracking(given: Arguments, functionName: string): Tracking {
  const tracking = trackingOf(given);
  if (tracking) return tracking;
  const next = `dagger call --tracking-uri https://... --tracking-token env:MLFLOW_TRACKING_TOKEN ${functionName}; rehearse starts its own`;
  throw new PipelineError('TRACKING_ARGUMENTS', `${functionName} needs a tracking server, and none was given`, {
    next,
  });
}

/** The AWS sign-in for a container. Throws AWS_ARGUMENTS. */
export function awsOf({ aws }: Arguments): AwsSignIn<Secret> {
  checkAwsSignIn(aws);
  return aws;
}

/** Clients of AWS for the code of this module; undefined without credentials. Throws AWS_ARGUMENTS. */
export async function awsClientsOf({ aws }: Arguments): Promise<AwsClients | undefined> {
  const { region } = aws;
  const credentials = awsCredentials({
    ...aws,
    accessKeyId: await aws.accessKeyId?.plaintext(),
    secretAccessKey: await aws.secretAccessKey?.plaintext(),
    sessionToken: await aws.sessionToken?.plaintext(),
    webIdentityToken: await aws.webIdentityToken?.plaintext(),
  });
  if (credentials === undefined) return undefined;
  if (region) return awsClients({ region, credentials });
  const next = 'add --aws-region, such as eu-central-1';
  throw new PipelineError('AWS_ARGUMENTS', 'AWS credentials were given without a region', { next });
}
