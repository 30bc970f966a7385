/** Keys of a release: what it pushes is signed, and nothing is deployed without a signature by the key given. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { File, Secret } from '@dagger.io/dagger';
import type { AwsClients } from '../aws/clients.ts';
import { type RegistryLogin, registryLogin } from '../ecr/registry.ts';
import { PipelineError } from '../errors.ts';
import { type SignedImage, signImage, signingKey, verifyImage, verifyingKey } from './signature.ts';
import { type Verify, verifierOf } from './verify.ts';

/** As callers give them. The model's key is for the programs that register, judge and fetch it (docs/security.md). */
export type SigningArguments = { signKey?: Secret; verifyKey?: File; modelKey?: Secret };

/** Each may be missing: then nothing is signed, and nothing is verified. */
export type Signing = { signKey?: KeyObject; verifyKey?: KeyObject };

/** Whoever signs also verifies. Throws SIGN_KEY. */
export async function signingOf({ signKey, verifyKey }: SigningArguments): Promise<Signing> {
  const own = signKey && signingKey(await signKey.plaintext());
  const given = verifyKey && verifyingKey(await verifyKey.contents());
  return { signKey: own, verifyKey: given ?? (own && createPublicKey(own)) };
}

/**
 * Signs an image that was just pushed. One that was there before is not signed, because somebody else may have pushed it under
 * this tag. Then asks the registry for the signature, as a deployment does. Returns lines for the report. Throws IMAGE_UNSIGNED,
 * IMAGE_SIGNATURE and REGISTRY.
 */
export async function signAndVerify(
  { signKey, verifyKey }: Signing,
  login: () => Promise<RegistryLogin>,
  image: SignedImage & { isPushed: boolean; commit: string },
): Promise<string[]> {
  if (verifyKey === undefined) return [];
  const opened = await login();
  const done =
    signKey && image.isPushed ? await signImage(opened, image, signKey, { commit: image.commit }) : undefined;
  return [...(done ? [`${done}: ${image.digest}`] : []), await verifyImage(opened, image, verifyKey)];
}

/**
 * For a deployment of an image by name; undefined without a key. In ECR the AWS credentials sign in; another registry is asked
 * without a user name. The verifier throws AWS_ARGUMENTS too.
 */
export function verifierFor(
  { verifyKey }: Signing,
  awsClients: () => Promise<AwsClients | undefined>,
): Verify | undefined {
  if (verifyKey === undefined) return undefined;
  return verifierOf(verifyKey, async ({ registry, region }) => {
    if (region === undefined) return { host: registry, username: '', password: '' };
    const clients = await awsClients();
    if (clients) return registryLogin(clients.inRegion(region), registry);
    const headline = '--verify-key reads signatures from ECR, and no AWS credentials were given';
    const next = 'add --aws-region, --aws-access-key-id and --aws-secret-access-key';
    throw new PipelineError('AWS_ARGUMENTS', headline, { next });
  });
}
