/** The arguments of the module, as they were given, and what the functions read from them. */
import type { Container, Directory, File, Platform, Secret, Service } from '@dagger.io/dagger';
import { type AwsClients, awsClients } from './aws/clients.ts';
import { awsCredentials, checkAwsSignIn } from './aws/sign_in.ts';
import type { Aws, Mirrors, Tracking } from './containers/options.ts';
import { toolbox } from './containers/toolbox.ts';
import { PipelineError } from './errors.ts';
import { trackingAddress } from './tracking.ts';

export type Settings = {
  source: Directory;
  nodeImage: string;
  platform?: string;
  npmrc?: Secret;
  pipConfig?: Secret;
  aptSources?: File;
  caBundle?: File;
  goProxy?: string;
  trackingUri?: string;
  trackingUsername?: string;
  trackingPassword?: Secret;
  trackingToken?: Secret;
  awsRegion?: string;
  awsAccessKeyId?: Secret;
  awsSecretAccessKey?: Secret;
  awsSessionToken?: Secret;
  awsRoleArn?: string;
  awsWebIdentityToken?: Secret;
  cluster?: string;
  kubeconfig?: Secret;
  kubeContext?: string;
  apiServer?: Service;
};

export function mirrorsOf({ npmrc, pipConfig, aptSources, caBundle, goProxy }: Settings): Mirrors {
  return { npmrc, pipConfig, aptSources, caBundle, goProxy };
}

export function toolboxOf(settings: Settings): Container {
  return toolbox(settings.source, settings.nodeImage, mirrorsOf(settings));
}

/** What building the service's image needs. */
export function builderOf(settings: Settings) {
  const { source, nodeImage } = settings;
  const platform = settings.platform as Platform | undefined;
  return { source, nodeImage, platform, mirrors: mirrorsOf(settings), toolbox: toolboxOf(settings) };
}

/** The tracking server, if one is given. Throws TRACKING_ARGUMENTS when what is given does not fit together. */
export function trackingOf(settings: Settings): Tracking | undefined {
  const { trackingUsername: username, trackingPassword: password, trackingToken: token } = settings;
  const uri = trackingAddress({ uri: settings.trackingUri, username, password, token });
  return uri === undefined ? undefined : { uri, username, password, token };
}

/** The same for a function that cannot do without one. */
export function neededTracking(settings: Settings, functionName: string): Tracking {
  const tracking = trackingOf(settings);
  if (tracking) return tracking;
  const next = `dagger call --tracking-uri https://... --tracking-token env:MLFLOW_TRACKING_TOKEN ${functionName}; rehearse brings its own`;
  throw new PipelineError('TRACKING_ARGUMENTS', `${functionName} needs a tracking server, and none was given`, {
    next,
  });
}

/** Throws AWS_ARGUMENTS when what is given does not fit together. */
export function awsOf(settings: Settings): Aws {
  const given = {
    region: settings.awsRegion,
    accessKeyId: settings.awsAccessKeyId,
    secretAccessKey: settings.awsSecretAccessKey,
    sessionToken: settings.awsSessionToken,
    roleArn: settings.awsRoleArn,
    webIdentityToken: settings.awsWebIdentityToken,
  };
  checkAwsSignIn(given);
  return given;
}

/** Clients of AWS for the code of this module; undefined without credentials. Throws AWS_ARGUMENTS. */
export async function awsClientsOf(settings: Settings): Promise<AwsClients | undefined> {
  const { awsRegion: region, awsRoleArn: roleArn } = settings;
  const credentials = awsCredentials({
    region,
    roleArn,
    accessKeyId: await settings.awsAccessKeyId?.plaintext(),
    secretAccessKey: await settings.awsSecretAccessKey?.plaintext(),
    sessionToken: await settings.awsSessionToken?.plaintext(),
    webIdentityToken: await settings.awsWebIdentityToken?.plaintext(),
  });
  if (credentials === undefined) return undefined;
  if (region) return awsClients({ region, credentials });
  const next = 'add --aws-region, such as eu-central-1';
  throw new PipelineError('AWS_ARGUMENTS', 'credentials of AWS were given without a region', { next });
}
