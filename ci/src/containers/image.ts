/** The service's image, from the project's own Dockerfile. */
import { type Container, type Directory, dag, type File, type Platform, type Secret } from '@dagger.io/dagger';
import { imagePart } from '../checks/parts.ts';
import type { Mirrors } from './options.ts';

/** What the Dockerfile expects, unless told otherwise. */
const MODEL = 'models/model.bin';

export type ImageContent = { model: File; commit?: string; modelName?: string; modelVersion?: string };

export async function buildImage(
  source: Directory,
  content: ImageContent,
  nodeImage: string,
  mirrors: Mirrors,
  platform?: Platform,
): Promise<Container> {
  const buildArgs = [
    { name: 'NODE_IMAGE', value: nodeImage },
    { name: 'GIT_COMMIT', value: content.commit ?? '' },
    { name: 'MODEL_NAME', value: content.modelName ?? '' },
    { name: 'MODEL_VERSION', value: content.modelVersion ?? '' },
  ];
  const context = source.filter(imagePart).withFile(MODEL, content.model);
  return context.dockerBuild({ buildArgs, secrets: await buildSecrets(mirrors), ...(platform && { platform }) });
}

/** A Dockerfile finds its secrets by name, and those that were given have names of their own. */
async function buildSecrets({ npmrc, caBundle }: Mirrors): Promise<Secret[]> {
  const secrets: Secret[] = [];
  if (npmrc) secrets.push(dag.setSecret('npmrc', await npmrc.plaintext()));
  if (caBundle) secrets.push(dag.setSecret('ca', await caBundle.contents()));
  return secrets;
}
