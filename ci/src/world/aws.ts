/** Ways to sign in to AWS, checked before anything runs: a pair of keys, or a web identity token with a role. */
import { PipelineError } from '../errors.ts';

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
  if (hasWebIdentityToken !== (roleArn !== undefined)) {
    throw wrong('--aws-web-identity-token and --aws-role-arn belong together', 'add the one that is missing');
  }
  if (hasAccessKeyId && hasWebIdentityToken)
    throw wrong('keys and a web identity token were both given', 'give one of them');
  return hasAccessKeyId ? 'keys' : hasWebIdentityToken ? 'web-identity' : 'none';
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('AWS_ARGUMENTS', headline, { next });
}
