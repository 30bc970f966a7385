import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { signingKey, verifyingKey } from './signature.ts';

const pem = {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
} as const;
const ed25519 = generateKeyPairSync('ed25519', pem);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048, ...pem });

test('keys are Ed25519 or elliptic', () => {
  expect(signingKey(ed25519.privateKey).asymmetricKeyType).toBe('ed25519');
  expect(verifyingKey(ed25519.publicKey).asymmetricKeyType).toBe('ed25519');
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem });
  expect(verifyingKey(ec.publicKey).asymmetricKeyType).toBe('ec');
});

test.each([
  ['a private key to verify with', () => verifyingKey(ed25519.privateKey), 'is a private key'],
  ['a public key to sign with', () => signingKey(ed25519.publicKey), '--sign-key holds no key in PEM'],
  ['another kind of key', () => signingKey(rsa.privateKey), 'holds a key of kind rsa'],
  ['no key', () => verifyingKey('file:release.pub'), '--verify-key holds no key in PEM'],
])('%s is refused, with the command that makes the right one, and is not shown', (_, read, words) => {
  expect(read).toThrow(expect.objectContaining({ code: 'SIGN_KEY', message: expect.stringContaining(words) }));
  expect(read).toThrow(/next: openssl /);
  expect(read).not.toThrow(/MC4CAQ|MIIE|release\.pub \(/);
});
