/** The image's way to the registry, and a first question to what has arrived there. */
import { type Container, dag, type Secret, type Service } from '@dagger.io/dagger';
import { neverCached } from '../containers/pipeline.ts';
import { byDigest } from '../image/reference.ts';
import { runStep } from '../steps/step.ts';
import type { Call } from './model.ts';

export type Destination = {
  /** registry/repository:tag */
  address: string;
  username?: string;
  password?: Secret;
  /** A registry that runs as a service, if it is one. */
  registryService?: Service;
};

/** Under this name, and no other, engines speak plain HTTP to a registry. */
export const REGISTRY = 'localhost:5000';

/** An empty registry, for a rehearsal. */
export function registry(image: string): Service {
  return dag.container().from(image).withExposedPort(5000).asService({ useEntrypoint: true });
}

export async function push(image: Container, destination: Destination, call: Call): Promise<string> {
  const { address, username, password, registryService } = destination;
  const signedIn = username && password ? image.withRegistryAuth(address, username, password) : image;
  const next = 'see whether the registry has the repository, and whether the user may push to it';
  const published = await runStep({ function: call.function, step: `pushes to ${address}`, next }, () =>
    signedIn.publish(address, registryService && { registryService }),
  );
  return byDigest(published);
}

/** For a container that finds the service as `app`. */
const QUESTION = `
const response = await fetch('http://app:8080/predict', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ text: 'A wonderful film' }),
});
console.log(response.status, await response.text());
if (!response.ok) process.exitCode = 1;
`;

/** Starts what was pushed, as a cluster would, and asks it. */
export async function ask(
  toolbox: Container,
  reference: string,
  destination: Destination,
  call: Call,
): Promise<string> {
  const { username, password, registryService } = destination;
  const host = reference.split('/')[0];
  const start = username && password ? dag.container().withRegistryAuth(host, username, password) : dag.container();
  const service = start.from(reference, registryService && { registryService }).asService({ useEntrypoint: true });
  const asked = toolbox
    .withServiceBinding('app', service)
    .with(neverCached(call.when))
    .withExec(['node', '--input-type=module', '-e', QUESTION]);
  const step = { function: call.function, step: 'starts the pushed image and asks it for a prediction' };
  const answer = await runStep(step, () => asked.stdout());
  return `asked for "A wonderful film", it answers ${answer.trim()}`;
}
