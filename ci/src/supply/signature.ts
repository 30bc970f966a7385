/**
 * Signatures of images by a key of one's own, in cosign's format: `cosign verify --key release.pub` accepts ours, and we accept
 * those of `cosign sign --key`. What is signed is the image's digest; the signature is an image beside it, with the tag
 * sha256-<digest>.sig, so that every registry can hold it.
 *
 *     openssl genpkey -algorithm ed25519 -out release.key && openssl pkey -in release.key -pubout -out release.pub
 *
 * https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ask, type RegistryLogin } from '../ecr/registry.ts';
import { PipelineError } from '../errors.ts';
import { imageReference } from '../image_name.ts';

export type SignedImage = { registry: string; repository: string; digest: string };

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';
const TYPE = 'cosign container image signature';
/** Bytes: a manifest, and what is signed. */
const MOST = { manifest: 4 * 1024 * 1024, payload: 64 * 1024 };
/** A registry's answer may list any number of signatures. */
const MOST_SIGNATURES = 50;

/** A private key in PEM: Ed25519, or elliptic as cosign's. Throws SIGN_KEY. */
export function signingKey(pem: string): KeyObject {
  return readKey(() => createPrivateKey(pem), '--sign-key', 'openssl genpkey -algorithm ed25519 -out release.key');
}

/** A public key in PEM. Throws SIGN_KEY. */
export function verifyingKey(pem: string): KeyObject {
  const next = 'openssl pkey -in release.key -pubout -out release.pub';
  const isPrivate = pem.includes('PRIVATE KEY');
  if (isPrivate) {
    throw new PipelineError(
      'SIGN_KEY',
      '--verify-key is a private key, and whoever verifies needs only the public one',
      {
        next,
      },
    );
  }
  return readKey(() => createPublicKey(pem), '--verify-key', next);
}

function readKey(read: () => KeyObject, option: string, next: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = read();
  } catch {
    // The library's message may quote the key.
  }
  if (key && ['ed25519', 'ec'].includes(key.asymmetricKeyType ?? '')) return key;
  const got = key ? `a key of kind ${key.asymmetricKeyType}` : 'no key in PEM';
  throw new PipelineError('SIGN_KEY', `${option} holds ${got}, expected Ed25519 or an elliptic curve`, { next });
}

/**
 * Signs the image and stores the signature. One that this key made before stays, because a tag may be immutable. Throws
 * REGISTRY, and IMAGE_SIGNATURE if the image is signed by another key only.
 */
export async function signImage(
  login: RegistryLogin,
  image: SignedImage,
  key: KeyObject,
  facts: Record<string, string> = {},
): Promise<'signed' | 'already signed'> {
  const own = createPublicKey(key);
  const there = await signaturesOf(login, image);
  if (there.some((each) => isBy(own, image, each))) return 'already signed';
  if (there.length > 0) {
    const headline = `${nameOf(image)} is signed by another key, and its signature cannot be replaced`;
    throw new PipelineError('IMAGE_SIGNATURE', headline, { next: 'sign with the same key, or release another commit' });
  }
  const payload = bytesOf({
    critical: {
      identity: { 'docker-reference': `${image.registry}/${image.repository}` },
      image: { 'docker-manifest-digest': image.digest },
      type: TYPE,
    },
    optional: facts,
  });
  const config = bytesOf({
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(payload)] },
  });
  for (const blob of [payload, config]) await upload(login, image.repository, blob);
  const signature = sign(hashOf(key), payload, key).toString('base64');
  const manifest = bytesOf({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, size: config.length, digest: digestOf(config) },
    layers: [
      {
        mediaType: PAYLOAD,
        size: payload.length,
        digest: digestOf(payload),
        annotations: { [SIGNATURE]: signature },
      },
    ],
  });
  const path = `${image.repository}/manifests/${tagOf(image)}`;
  await ask(login, path, '*/*', { method: 'PUT', body: manifest, type: MANIFEST });
  return 'signed';
}

/** Throws IMAGE_UNSIGNED when nobody has signed the image, IMAGE_SIGNATURE when only others have, and REGISTRY. */
export async function verifyImage(login: RegistryLogin, image: SignedImage, key: KeyObject): Promise<string> {
  const there = await signaturesOf(login, image);
  const name = nameOf(image);
  if (there.some((each) => isBy(key, image, each))) return `the signature of ${image.digest} is by the key given`;
  if (there.length === 0) {
    throw new PipelineError('IMAGE_UNSIGNED', `${name} has no signature`, {
      next: 'release it with --sign-key, or find out who pushed it before you deploy it without --verify-key',
    });
  }
  throw new PipelineError('IMAGE_SIGNATURE', `no signature of ${name} is by the key given`, {
    evidence: [`signatures in the registry: ${there.length}`],
    next: 'check --verify-key; if it is right, find out who pushed this image, and do not deploy it',
  });
}

type Signature = { payload: Buffer; signature: Buffer };

/** What the registry has beside the image; anything malformed counts as no signature. Throws REGISTRY. */
async function signaturesOf(login: RegistryLogin, image: SignedImage): Promise<Signature[]> {
  const path = `${image.repository}/manifests/${tagOf(image)}`;
  const text = await read(await ask(login, path, MANIFEST), MOST.manifest);
  const layers: unknown = Object(text && parsed(text)).layers;
  const found: Signature[] = [];
  for (const layer of (Array.isArray(layers) ? layers : []).slice(0, MOST_SIGNATURES)) {
    const { mediaType, digest, annotations }: Record<string, unknown> = Object(layer);
    const signature: unknown = Object(annotations)[SIGNATURE];
    if (mediaType !== PAYLOAD || typeof digest !== 'string' || typeof signature !== 'string') continue;
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) continue;
    const payload = await read(await ask(login, `${image.repository}/blobs/${digest}`, '*/*'), MOST.payload);
    if (payload) found.push({ payload, signature: Buffer.from(signature, 'base64') });
  }
  return found;
}

/** The key has signed these bytes, and they name this image. */
function isBy(key: KeyObject, { digest }: SignedImage, { payload, signature }: Signature): boolean {
  if (!verify(hashOf(key), payload, key, signature)) return false;
  const { critical }: Record<string, unknown> = Object(parsed(payload));
  const { image, type }: Record<string, unknown> = Object(critical);
  return type === TYPE && Object(image)['docker-manifest-digest'] === digest;
}

/** Ed25519 hashes by itself. */
function hashOf({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

/** Two requests, as every registry takes them. https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
async function upload(login: RegistryLogin, repository: string, blob: Bytes): Promise<void> {
  const digest = digestOf(blob);
  if (await ask(login, `${repository}/blobs/${digest}`, '*/*', { method: 'HEAD' })) return;
  const begun = await ask(login, `${repository}/blobs/uploads/`, '*/*', { method: 'POST' });
  const place = begun && URL.parse(begun.headers.get('location') ?? '', begun.url);
  // The user name and the password go there too.
  if (!place || place.origin !== new URL(begun.url).origin)
    throw new PipelineError('REGISTRY', `the registry ${login.host} takes no uploads to ${repository}`);
  place.searchParams.set('digest', digest);
  await ask(login, place.href, '*/*', { method: 'PUT', body: blob, type: 'application/octet-stream' });
}

async function read(response: Response | undefined, most: number): Promise<Buffer | undefined> {
  if (!response?.body) return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

type Bytes = Uint8Array<ArrayBuffer>;

function bytesOf(value: object): Bytes {
  return new TextEncoder().encode(JSON.stringify(value));
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function tagOf({ digest }: SignedImage): string {
  return `${digest.replace(':', '-')}.sig`;
}

function nameOf(image: SignedImage): string {
  return imageReference(image);
}
