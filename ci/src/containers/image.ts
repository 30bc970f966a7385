/** The service's image, from the project's own Dockerfile. */
import { createHash } from 'node:crypto';
import { type Container, type Directory, dag, type File, type Platform, type Secret } from '@dagger.io/dagger';
import { runStep } from '../step.ts';
import { originOf } from './git_remote.ts';
import { imagePart } from './parts.ts';
import type { Mirrors } from './toolbox.ts';

/** The path that the Dockerfile expects. */
const MODEL = 'models/model.bin';

export type ImageContent = { model: File; commit?: string; modelName?: string; modelVersion?: string };

export type Builder = {
  source: Directory;
  /** The Dockerfile's base image. */
  nodeImage: string;
  mirrors: Mirrors;
  /** Such as linux/arm64; default the engine's own. */
  platform?: Platform;
};

export async function buildImage(builder: Builder, content: ImageContent): Promise<Container> {
  const { source, mirrors, platform } = builder;
  // A name may lead elsewhere a moment later, so all stages are built from one digest, which the image then tells.
  const base = await runStep({ function: 'image', step: 'resolves the base image' }, () =>
    dag.container({ platform }).from(builder.nodeImage).imageRef(),
  );
  const buildArgs = [
    { name: 'NODE_IMAGE', value: base },
    { name: 'GIT_COMMIT', value: content.commit ?? '' },
    { name: 'MODEL_NAME', value: content.modelName ?? '' },
    { name: 'MODEL_VERSION', value: content.modelVersion ?? '' },
    { name: 'SOURCE_URL', value: await sourceAddress(source) },
  ];
  const context = source.filter(imagePart).withFile(MODEL, content.model);
  const secrets = await buildSecrets(mirrors);
  const built = context.dockerBuild({ buildArgs, secrets, platform });
  const image = platform === undefined ? built : await forPlatform(built, platform);
  return image.withLabel('org.opencontainers.image.base.digest', base.slice(base.indexOf('@') + 1));
}

/**
 * Identifies what the image is made of, as 64 hexadecimal digits: equal for two builds that differ only in the times of
 * their layers. The base image does not count, so that a repeated release finds its image although Debian was updated.
 */
export async function contentId(source: Directory, content: ImageContent): Promise<string> {
  const { model, commit, modelName, modelVersion } = content;
  const code = await source.filter(imagePart).digest();
  const weights = await model.digest({ excludeMetadata: true });
  return createHash('sha256')
    .update(JSON.stringify([code, weights, commit, modelName, modelVersion]))
    .digest('hex');
}

/** Where the source is published, for the image's label: git's remote. Empty without one. */
async function sourceAddress(source: Directory): Promise<string> {
  const [config] = await source.glob('.git/config');
  return config ? originOf(await source.file(config).contents()) : '';
}

/** The Dockerfile reads its secrets by name, and the caller's secrets have other names. */
async function buildSecrets({ npmrc, caBundle }: Mirrors): Promise<Secret[]> {
  const secrets: Secret[] = [];
  if (npmrc) secrets.push(dag.setSecret('npmrc', await npmrc.plaintext()));
  if (caBundle) secrets.push(dag.setSecret('ca', await caBundle.contents()));
  return secrets;
}

/**
 * Dagger 0.21 builds for the requested platform, but when the last stage is `FROM scratch` the image's configuration names
 * the engine's platform. Registries and nodes believe the configuration, so it is corrected here.
 */
async function forPlatform(image: Container, platform: Platform): Promise<Container> {
  if ((await image.platform()) === platform) return image;
  let relabelled = dag
    .container({ platform })
    .withRootfs(image.rootfs())
    .withWorkdir(await image.workdir())
    .withUser(await image.user())
    .withEntrypoint(await image.entrypoint());
  const health = image.dockerHealthcheck();
  relabelled = relabelled.withDockerHealthcheck(await health.args(), {
    interval: await health.interval(),
    timeout: await health.timeout(),
    startPeriod: await health.startPeriod(),
  });
  for (const port of await image.exposedPorts()) relabelled = relabelled.withExposedPort(await port.port());
  for (const label of await image.labels()) relabelled = relabelled.withLabel(await label.name(), await label.value());
  for (const variable of await image.envVariables()) {
    relabelled = relabelled.withEnvVariable(await variable.name(), await variable.value());
  }
  return relabelled;
}
