/** Before a deployment: is the image signed by the key that was given? Registries are asked as the caller signs in to them. */
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RegistryLogin } from '../ecr/registry.ts';
import { PipelineError } from '../errors.ts';
import { type ImageParts, parseImage } from '../image_name.ts';
import { hide } from '../redact.ts';
import { verifyImage } from './signature.ts';

/** Returns a line for the report. Throws IMAGE_UNSIGNED, IMAGE_SIGNATURE, IMAGE_NAME, REGISTRY, and as the sign-in. */
export type Verify = (reference: string) => Promise<string>;

export function verifierOf(key: KeyObject, signIn: (image: ImageParts) => Promise<RegistryLogin>): Verify {
  return async (reference) => {
    const image = parseImage(reference);
    if (image?.digest === undefined) {
      const next = 'give it as registry/repository@sha256:...';
      throw new PipelineError('IMAGE_NAME', `the signature of "${reference}" cannot be looked up`, { next });
    }
    const signed = { registry: image.registry, repository: image.repository, digest: image.digest };
    const login = await signIn(image);
    try {
      return await verifyImage(login, signed, key);
    } catch (error) {
      // A registry without TLS, as in private networks. A signature proves itself, however it came; a password goes to none.
      const isSilent = error instanceof PipelineError && error.headline.endsWith('cannot be reached');
      if (!isSilent || login.username) throw error;
      return await verifyImage({ ...login, host: `http://${login.host}` }, signed, key).catch((second) => {
        throw second.code === 'REGISTRY' ? error : second;
      });
    }
  };
}

/** Docker Hub's name in images, the host of its API, and its name in docker's configuration. */
const HUB = { name: 'docker.io', host: 'registry-1.docker.io', entry: 'https://index.docker.io/v1/' };

/**
 * The user name and the password that `docker login` has stored, in DOCKER_CONFIG or ~/.docker; without them the registry is asked
 * as nobody. Passwords in a credential helper are not read. Throws REGISTRY_LOGIN for a file that is not docker's.
 */
export async function dockerLogin(registry: string, env = process.env): Promise<RegistryLogin> {
  const path = join(env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
  const text = await readFile(path, 'utf8').catch(() => '{}');
  const isHub = registry === HUB.name;
  const host = isHub ? HUB.host : registry;
  const stored = entriesOf(text, path)[isHub ? HUB.entry : registry];
  const auth = String(Object(stored).auth ?? '');
  const [username = '', ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  const password = rest.join(':');
  // A registry's answer may repeat either.
  for (const secret of [auth, password]) hide(secret);
  return { host, username, password };
}

function entriesOf(text: string, path: string): Record<string, unknown> {
  try {
    return Object(Object(JSON.parse(text)).auths);
  } catch {
    const next = 'sign in again: docker login';
    throw new PipelineError('REGISTRY_LOGIN', `${path} is not the configuration of docker`, { next });
  }
}
