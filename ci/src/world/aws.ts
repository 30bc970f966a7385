/**
 * Ways to sign in to AWS, checked before anything runs: a pair of keys, or a web identity token with a role. A role
 * beside keys is taken on top of them.
 */
import { PipelineError } from '../errors.ts';
import type { AwsCredentials } from './aws_credentials.ts';

/** Which of the arguments were given. */
export type AwsArguments = {
  region?: string;
  hasAccessKeyId: boolean;
  hasSecretAccessKey: boolean;
  hasSessionToken: boolean;
  roleArn?: string;
  hasWebIdentityToken: boolean;
};

export type AwsSignIn = 'none' | 'keys' | 'web-identity';

/** Throws AWS_ARGUMENTS. */
export function awsSignIn(given: AwsArguments): AwsSignIn {
  const { region, roleArn, hasAccessKeyId, hasSecretAccessKey, hasSessionToken, hasWebIdentityToken } = given;
  if (region !== undefined && !/^[a-z]{2,}(-[a-z]+)+-\d$/.test(region)) {
    throw wrong(`--aws-region is "${region}", expected a name such as eu-central-1`, 'see aws ec2 describe-regions');
  }
  if (roleArn !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(roleArn)) {
    throw wrong(
      `--aws-role-arn is "${roleArn}", expected arn:aws:iam::123456789012:role/name`,
      'copy it from the role in IAM',
    );
  }
  if (hasAccessKeyId !== hasSecretAccessKey || (hasSessionToken && !hasAccessKeyId)) {
    throw wrong('--aws-access-key-id and --aws-secret-access-key belong together', 'add the one that is missing');
  }
  if (hasWebIdentityToken && roleArn === undefined) {
    throw wrong('--aws-web-identity-token was given without the role it is for', 'add --aws-role-arn');
  }
  if (roleArn !== undefined && !hasWebIdentityToken && !hasAccessKeyId) {
    const next = 'add --aws-web-identity-token, or --aws-access-key-id and --aws-secret-access-key';
    throw wrong(`nothing was given to take the role ${roleArn} with`, next);
  }
  if (hasAccessKeyId && hasWebIdentityToken)
    throw wrong('keys and a web identity token were both given', 'give one of them');
  return hasAccessKeyId ? 'keys' : hasWebIdentityToken ? 'web-identity' : 'none';
}

/** The values themselves, in clear. */
export type AwsValues = {
  region?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  roleArn?: string;
  webIdentityToken?: string;
};

/** Undefined when none were given. Throws AWS_ARGUMENTS. */
export function awsCredentials(values: AwsValues): AwsCredentials | undefined {
  const { region, accessKeyId, secretAccessKey, sessionToken, roleArn, webIdentityToken } = values;
  awsSignIn({
    region,
    roleArn,
    hasAccessKeyId: Boolean(accessKeyId),
    hasSecretAccessKey: Boolean(secretAccessKey),
    hasSessionToken: Boolean(sessionToken),
    hasWebIdentityToken: Boolean(webIdentityToken),
  });
  if (webIdentityToken && roleArn) return { kind: 'web-identity', token: webIdentityToken, roleArn };
  if (!accessKeyId || !secretAccessKey) return undefined;
  const keys: AwsCredentials = { kind: 'keys', accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  return roleArn ? { kind: 'role', roleArn, from: keys } : keys;
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('AWS_ARGUMENTS', headline, { next });
}
