/**
 * An artifact's signature: proof of who registered it, which a checksum is not. Ed25519 (RFC 8032), over the SHA-256 of
 * everything before the signature.
 *
 * The variable SENTIMENT_MODEL_KEY holds a key as PEM, or names a file with one: the private key where models are registered, the
 * public one where they are judged and served. Without it nothing is signed and nothing is checked.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SentimentError, usageError } from '../errors.ts';
import type { SectionFile } from './sections.ts';

export const KEY_VARIABLE = 'SENTIMENT_MODEL_KEY';

/** So that no signature of something else, made with the same key, is one of a model. */
const PURPOSE = Buffer.from('sentiment model 1\0');

const messageOf = (digest: Uint8Array) => Buffer.concat([PURPOSE, digest]);

/** Signs a digest: 64 bytes. */
export type Signer = (digest: Uint8Array) => Uint8Array<ArrayBuffer>;

/** `value` is that of the variable. Throws MODEL_KEY (2) if it is not a private key. */
export function signerOf(value: string | undefined): Signer | undefined {
  const pem = readPem(value);
  if (pem === undefined) return undefined;
  const key = readKey(pem, createPrivateKey, 'a private', 'give the private key, which openssl genpkey made');
  return (digest) => Uint8Array.from(sign(null, messageOf(digest), key));
}

/** The public key, also where the variable has the private one. Throws MODEL_KEY (2). */
export function verifyKeyOf(value: string | undefined): KeyObject | undefined {
  const pem = readPem(value);
  if (pem === undefined) return undefined;
  return readKey(pem, createPublicKey, 'a public', 'give the public key, which openssl pkey -pubout made');
}

/** Throws MODEL_SIGNATURE if the file is not signed with the private key of `key`. */
export function checkSignature(path: string, { signed }: SectionFile, key: KeyObject): void {
  if (signed && verify(null, messageOf(signed.digest), key, signed.signature)) return;
  const what = signed ? `${path} is signed with another key than that of ${KEY_VARIABLE}` : `${path} is not signed`;
  throw new SentimentError('MODEL_SIGNATURE', signed ? what : `${what}, and ${KEY_VARIABLE} asks for a signature`, {
    next: `register it again where ${KEY_VARIABLE} has the private key, or unset ${KEY_VARIABLE} to accept any model`,
  });
}

function readPem(value: string | undefined): string | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  if (value.includes('-----BEGIN ')) return value;
  try {
    return readFileSync(value, 'utf8');
  } catch {
    // A path, not a key, so it may be shown.
    throw usageError('MODEL_KEY', `${KEY_VARIABLE} names ${value.slice(0, 200)}, which cannot be read`, NEXT);
  }
}

const NEXT = 'give the path of a PEM file, or its content; docs/security.md tells how to make one';

function readKey(pem: string, read: (pem: string) => KeyObject, kind: string, next: string): KeyObject {
  let key: KeyObject;
  try {
    key = read(pem);
  } catch {
    // Node's reason may quote the key.
    throw usageError('MODEL_KEY', `${KEY_VARIABLE} holds no ${kind.slice(2)} key in PEM`, next);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw usageError(
    'MODEL_KEY',
    `${KEY_VARIABLE} holds ${kind} key of the type ${key.asymmetricKeyType}`,
    `${next}, of the type ed25519`,
  );
}
