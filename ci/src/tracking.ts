/** How callers sign in to the tracking server, MLflow: checked before anything runs. */
import { PipelineError } from './errors.ts';

/** What a caller gave; `Value` is a secret of Dagger's, or its text. */
export type TrackingSignIn<Value> = { uri?: string; username?: string; password?: Value; token?: Value };

/** The address without a slash at its end, or undefined when none was given. Throws TRACKING_ARGUMENTS. */
export function trackingAddress({ uri, username, password, token }: TrackingSignIn<unknown>): string | undefined {
  if (!uri) {
    if (username || password || token)
      throw wrong('credentials for a tracking server were given, but no server', 'add --tracking-uri');
    return undefined;
  }
  if (!URL.canParse(uri) || !['http:', 'https:'].includes(new URL(uri).protocol)) {
    const next = 'such as https://mlflow.example.com';
    throw wrong(`--tracking-uri is "${uri}", expected an http:// or https:// address`, next);
  }
  const url = new URL(uri);
  if (url.username || url.password) {
    const headline = '--tracking-uri contains a user name or password, which logs would show';
    throw wrong(headline, 'use --tracking-username and --tracking-password');
  }
  if (token && (username || password))
    throw wrong('--tracking-token and a password were both given', 'give one of them');
  if (Boolean(username) !== Boolean(password)) {
    throw wrong('--tracking-username and --tracking-password belong together', 'add the one that is missing');
  }
  return uri.replace(/(?<!\/)\/+$/, '');
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('TRACKING_ARGUMENTS', headline, { next });
}
