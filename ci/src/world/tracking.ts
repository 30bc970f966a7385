/** Where MLflow is and who we are there, checked before anything runs. */
import { PipelineError } from '../errors.ts';

/** Which of the arguments were given. */
export type TrackingArguments = {
  uri?: string;
  username?: string;
  hasPassword: boolean;
  hasToken: boolean;
};

/** The address without a slash at its end, or undefined when none was given. Throws TRACKING_ARGUMENTS. */
export function trackingAddress({ uri, username, hasPassword, hasToken }: TrackingArguments): string | undefined {
  if (!uri) {
    if (username || hasPassword || hasToken)
      throw wrong('there is a way to sign in, but no server', 'add --tracking-uri');
    return undefined;
  }
  if (!URL.canParse(uri) || !['http:', 'https:'].includes(new URL(uri).protocol)) {
    throw wrong(
      `--tracking-uri is "${uri}", expected an http:// or https:// address`,
      'such as https://mlflow.example.com',
    );
  }
  const url = new URL(uri);
  if (url.username || url.password) {
    throw wrong(
      '--tracking-uri holds a user name or password, which logs would show',
      'use --tracking-username and --tracking-password',
    );
  }
  if (hasToken && (username || hasPassword))
    throw wrong('--tracking-token and a password were both given', 'give one of them');
  if (Boolean(username) !== hasPassword) {
    throw wrong('--tracking-username and --tracking-password belong together', 'add the one that is missing');
  }
  return uri.replace(/\/+$/, '');
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('TRACKING_ARGUMENTS', headline, { next });
}
