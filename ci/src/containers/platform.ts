/**
 * Dagger 0.21 builds for the platform that it is asked for, but an image whose last stage is `FROM scratch` says in its
 * configuration that it is for the engine's own. Registries and nodes believe the configuration.
 */
import { type Container, dag, type Platform } from '@dagger.io/dagger';

/** The same image, with its configuration saying what it is for. */
export async function forPlatform(image: Container, platform: Platform): Promise<Container> {
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
