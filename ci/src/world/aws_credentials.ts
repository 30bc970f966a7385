/**
 * Credentials of AWS, given as values: nothing here looks into the environment or a home folder. What is temporary is
 * renewed before its end, once for all who ask at the same time.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, type Credentials, STSClient } from '#aws/client-sts';
import { PipelineError } from '../errors.ts';
import { awsError } from './aws_problem.ts';

export type AwsCredentials =
  | { kind: 'keys'; accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** An OpenID Connect token, such as a CI job's own, and the role that trusts its issuer. */
  | { kind: 'web-identity'; token: string | (() => Promise<string>); roleArn: string }
  /** A role taken on top of other credentials, in this account or another. */
  | { kind: 'role'; roleArn: string; externalId?: string; from: AwsCredentials };

/** What signs a request. */
export type Identity = { accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date };

export type IdentityProvider = () => Promise<Identity>;

/** Where STS is. */
export type StsPlace = { region: string; endpoint?: string; now?: () => number };

/** A session is renewed this long before its end, so that no request that is under way outlives it. Milliseconds. */
const MARGIN = 5 * 60_000;
/** To connect, and for an answer. Milliseconds. */
export const TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 20_000 };

const SESSION = 'sentiment-pipeline';

/** The provider throws AWS_CREDENTIALS, AWS_DENIED or AWS_UNREACHABLE. */
export function identityProvider(credentials: AwsCredentials, place: StsPlace): IdentityProvider {
  if (credentials.kind === 'keys') {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) });
  }
  const issue = credentials.kind === 'role' ? takeRole(credentials, place) : takeWebIdentity(credentials, place);
  return renewing(issue, place.now);
}

/** Asks again `MARGIN` before the end; askers at the same time share one answer. A failure is not kept. */
export function renewing(issue: IdentityProvider, now: () => number = Date.now): IdentityProvider {
  let current: Promise<Identity> | undefined;
  let end = Number.POSITIVE_INFINITY;
  return () => {
    if (current && now() < end - MARGIN) return current;
    const asked = issue().then(
      (identity) => {
        end = identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
        return identity;
      },
      (error: unknown) => {
        if (current === asked) current = undefined;
        throw error;
      },
    );
    current = asked;
    end = Number.POSITIVE_INFINITY;
    return asked;
  };
}

function takeRole(credentials: AwsCredentials & { kind: 'role' }, place: StsPlace): IdentityProvider {
  const { roleArn, externalId, from } = credentials;
  const source = identityProvider(from, place);
  const client = new STSClient({ ...settings(place), credentials: source });
  return async () => {
    const command = new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: SESSION, ExternalId: externalId });
    try {
      return identityOf((await client.send(command)).Credentials, roleArn);
    } catch (error) {
      throw awsError(`the role ${roleArn} cannot be taken`, error);
    }
  };
}

function takeWebIdentity(credentials: AwsCredentials & { kind: 'web-identity' }, place: StsPlace): IdentityProvider {
  const { token, roleArn } = credentials;
  // This call is not signed; a provider is given so that none is looked for.
  const client = new STSClient({ ...settings(place), credentials: { accessKeyId: '', secretAccessKey: '' } });
  return async () => {
    const WebIdentityToken = typeof token === 'string' ? token : await token();
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: roleArn,
      RoleSessionName: SESSION,
      WebIdentityToken: WebIdentityToken.trim(),
    });
    try {
      return identityOf((await client.send(command)).Credentials, roleArn);
    } catch (error) {
      throw awsError(`the role ${roleArn} cannot be taken with the web identity token`, error);
    }
  };
}

function settings({ region, endpoint }: StsPlace) {
  return { region, ...(endpoint && { endpoint }), requestHandler: TIMEOUTS };
}

function identityOf(credentials: Credentials | undefined, roleArn: string): Identity {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey) {
    throw new PipelineError('AWS_CREDENTIALS', `STS answered without credentials for ${roleArn}`, {
      next: 'try again',
    });
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}
