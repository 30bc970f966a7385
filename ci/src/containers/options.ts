import type { File, Secret } from '@dagger.io/dagger';

/** A company's own package sources. Whatever is missing is the public default. */
export type Mirrors = {
  npmrc?: Secret;
  pipConfig?: Secret;
  aptSources?: File;
  caBundle?: File;
  goProxy?: string;
};

/** A tracking server and how to sign in. */
export type Tracking = { uri: string; username?: string; password?: Secret; token?: Secret };

export type Aws = {
  region?: string;
  accessKeyId?: Secret;
  secretAccessKey?: Secret;
  sessionToken?: Secret;
  roleArn?: string;
  webIdentityToken?: Secret;
};
