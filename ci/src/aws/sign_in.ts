/**
 * Ways to sign in to AWS: a key pair, or a web identity token with a role. A role given with keys is assumed with them.
 * Credentials are values: nothing here reads the environment or a home folder. The SDK's own role assumers ask STS.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
import { getDefaultRoleAssumer, getDefaultRoleAssumerWithWebIdentity } from '#aws/client-sts';
import { PipelineError } from '../errors.ts';
import { hide } from '../redact.ts';
import { awsError } from './errors.ts';

/** What a caller gave; `Value` is a secret of Dagger's, or its text. */
export type AwsSignIn<Value> = {
  /** Such as eu-central-1. */
  region?: string;
  accessKeyId?: Value;
  secretAccessKey?: Value;
  sessionToken?: Value;
  roleArn?: string;
  webIdentityToken?: Value;
};

export type AwsCredentials =
  | { kind: 'keys'; accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** An OpenID Connect token, such as a CI job's own, and the role that trusts its issuer. */
  | { kind: 'web-identity'; token: string; roleArn: string }
  /** A role assumed with other credentials, in this account or another. */
  | { kind: 'role'; roleArn: string; from: AwsCredentials };

/** What signs a request. */
export type Identity = { accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration?: Date };

export type IdentityProvider = () => Promise<Identity>;

/** Milliseconds to connect, and for an answer. */
export const TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 20_000 };

const SESSION = 'sentiment-pipeline';

/** Checks before anything runs that the arguments fit together. Throws AWS_ARGUMENTS. */
export function checkAwsSignIn(given: AwsSignIn<unknown>): void {
  const { region, roleArn, accessKeyId, secretAccessKey, sessionToken, webIdentityToken } = given;
  if (region !== undefined && !/^[a-z]{2,}(-[a-z]+)+-\d$/.test(region)) {
    throw wrong(`--aws-region is "${region}", expected a name such as eu-central-1`, 'see aws ec2 describe-regions');
  }
  if (roleArn !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(roleArn)) {
    const headline = `--aws-role-arn is "${roleArn}", expected arn:aws:iam::123456789012:role/name`;
    throw wrong(headline, 'copy it from the role in IAM');
  }
  if (Boolean(accessKeyId) !== Boolean(secretAccessKey) || (sessionToken && !accessKeyId)) {
    throw wrong('--aws-access-key-id and --aws-secret-access-key belong together', 'add the one that is missing');
  }
  if (webIdentityToken && roleArn === undefined) {
    throw wrong('--aws-web-identity-token was given without the role to assume with it', 'add --aws-role-arn');
  }
  if (roleArn !== undefined && !webIdentityToken && !accessKeyId) {
    const next = 'add --aws-web-identity-token, or --aws-access-key-id and --aws-secret-access-key';
    throw wrong(`the role ${roleArn} was given without credentials to assume it with`, next);
  }
  if (accessKeyId && webIdentityToken) throw wrong('keys and a web identity token were both given', 'give one of them');
}

/** Undefined when none were given. Throws AWS_ARGUMENTS. */
export function awsCredentials(given: AwsSignIn<string>): AwsCredentials | undefined {
  checkAwsSignIn(given);
  const { accessKeyId, secretAccessKey, sessionToken, roleArn, webIdentityToken } = given;
  for (const secret of [secretAccessKey, sessionToken, webIdentityToken]) hide(secret);
  if (webIdentityToken && roleArn) return { kind: 'web-identity', token: webIdentityToken, roleArn };
  if (!accessKeyId || !secretAccessKey) return undefined;
  const keys: AwsCredentials = { kind: 'keys', accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  return roleArn ? { kind: 'role', roleArn, from: keys } : keys;
}

/**
 * Asks STS at each call; a client of the SDK that gets it keeps the answer until five minutes before its end.
 * The provider throws AWS_CREDENTIALS, AWS_DENIED or AWS_UNREACHABLE.
 */
export function identityProvider(
  credentials: AwsCredentials,
  sts: { region: string; endpoint?: string },
): IdentityProvider {
  const options = { ...sts, requestHandler: TIMEOUTS };
  switch (credentials.kind) {
    case 'keys': {
      const { kind, ...keys } = credentials;
      return async () => keys;
    }
    case 'role': {
      const { roleArn, from } = credentials;
      const source = identityProvider(from, sts);
      const assume = getDefaultRoleAssumer(options);
      return async () => {
        const identity = await source();
        const role = { RoleArn: roleArn, RoleSessionName: SESSION };
        return assume(identity, role).catch((error: unknown) => {
          throw awsError(`the role ${roleArn} cannot be assumed`, error);
        });
      };
    }
    case 'web-identity': {
      const { roleArn, token } = credentials;
      const assume = getDefaultRoleAssumerWithWebIdentity(options);
      const role = { RoleArn: roleArn, RoleSessionName: SESSION, WebIdentityToken: token.trim() };
      return () =>
        assume(role).catch((error: unknown) => {
          throw awsError(`the role ${roleArn} cannot be assumed with the web identity token`, error);
        });
    }
  }
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('AWS_ARGUMENTS', headline, { next });
}
