/** The service's image, from the project's own Dockerfile. */
import { createHash } from 'node:crypto';
import { type Container, type Directory, dag, type File, type Platform, type Secret } from '@dagger.io/dagger';
import { imagePart } from '../checks/parts.ts';
import type { Mirrors } from './options.ts';
import { forPlatform } from './platform.ts';

/** What the Dockerfile expects, unless told otherwise. */
const MODEL = 'models/model.bin';

export type ImageContent = { model: File; commit?: string; modelName?: string; modelVersion?: string };

export type Builder = {
  source: Directory;
  /** Image that the Dockerfile starts from. */
  nodeImage: string;
  mirrors: Mirrors;
  /** Such as linux/arm64; without it, the engine's own. */
  platform?: Platform;
};

export async function buildImage(builder: Builder, content: ImageContent): Promise<Container> {
  const { source, nodeImage, mirrors, platform } = builder;
  const buildArgs = [
    { name: 'NODE_IMAGE', value: nodeImage },
    { name: 'GIT_COMMIT', value: content.commit ?? '' },
    { name: 'MODEL_NAME', value: content.modelName ?? '' },
    { name: 'MODEL_VERSION', value: content.modelVersion ?? '' },
  ];
  const context = source.filter(imagePart).withFile(MODEL, content.model);
  const secrets = await buildSecrets(mirrors);
  if (platform === undefined) return context.dockerBuild({ buildArgs, secrets });
  return forPlatform(context.dockerBuild({ buildArgs, secrets, platform }), platform);
}

/**
 * What the image is made of, as 64 hexadecimal digits: equal where two builds differ in nothing but their layers' times.
 * The base image is left out, so that a release that is run again finds what it has pushed although Debian has moved.
 */
export async function contentId(source: Directory, content: ImageContent): Promise<string> {
  const { model, commit, modelName, modelVersion } = content;
  const code = await source.filter(imagePart).digest();
  const weights = await model.digest({ excludeMetadata: true });
  return createHash('sha256')
    .update(JSON.stringify([code, weights, commit, modelName, modelVersion]))
    .digest('hex');
}

/** A Dockerfile finds its secrets by name, and those that were given have names of their own. */
async function buildSecrets({ npmrc, caBundle }: Mirrors): Promise<Secret[]> {
  const secrets: Secret[] = [];
  if (npmrc) secrets.push(dag.setSecret('npmrc', await npmrc.plaintext()));
  if (caBundle) secrets.push(dag.setSecret('ca', await caBundle.contents()));
  return secrets;
}
