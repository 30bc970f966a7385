/** A checksum says that a file is whole; a signature says who registered it. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { isSignedModel, readModel, saveModel, stampFacts } from './artifact.ts';
import { readSections, writeSections } from './sections.ts';
import { signerOf, verifyKeyOf } from './signature.ts';

const folder = mkdtempSync(join(tmpdir(), 'signature-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pemOf = (pair: ReturnType<typeof generateKeyPairSync>) => ({
  secret: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  open: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
});
const ours = pemOf(generateKeyPairSync('ed25519'));
const theirs = pemOf(generateKeyPairSync('ed25519'));
const key = verifyKeyOf(ours.open);

const reviews: Review[] = Array.from({ length: 40 }, (_, i) => {
  const label = (i % 2) as 0 | 1;
  return { id: `${i}`, label, text: `a ${label ? 'good' : 'bad'} film, number ${i}` };
});
const unsigned = join(folder, 'unsigned.bin');
const signed = join(folder, 'signed.bin');
saveModel(unsigned, trainModel(reviews, readParams('ml/testdata/params.yaml')).parts);
stampFacts(unsigned, signed, { runId: 'r1' }, signerOf(ours.secret));

const isRefused = (message: RegExp) =>
  expect.objectContaining({ code: 'MODEL_SIGNATURE', message: expect.stringMatching(message) });

test('a signed model is read with the public key, with the private one, and without any', () => {
  for (const one of [key, verifyKeyOf(ours.secret), undefined]) {
    expect(readModel(signed, { key: one }).predict('a good film').label).toBe('positive');
  }
  expect([signed, unsigned].map((path) => key && isSignedModel(path, key))).toEqual([true, false]);
});

test('the same model has the same signature, so its bytes stay the same', () => {
  const again = join(folder, 'again.bin');
  stampFacts(unsigned, again, { runId: 'r1' }, signerOf(ours.secret));
  expect(readFileSync(again).equals(readFileSync(signed))).toBe(true);
});

test('a model without a signature, or with one of another key, is refused where a key is asked for', () => {
  const stranger = join(folder, 'stranger.bin');
  stampFacts(unsigned, stranger, {}, signerOf(theirs.secret));
  expect(() => readModel(unsigned, { key })).toThrow(
    isRefused(/unsigned\.bin is not signed, and SENTIMENT_MODEL_KEY asks for a signature$/),
  );
  expect(() => readModel(stranger, { key })).toThrow(
    isRefused(/stranger\.bin is signed with another key than that of SENTIMENT_MODEL_KEY$/),
  );
});

test('a signed model that somebody changed, with a right checksum, is refused', () => {
  const { fields, sections } = readSections(signed, 'sentiment model');
  const facts = { ...(fields.facts as object), gitCommit: 'f00' };
  const changed = join(folder, 'changed.bin');
  writeSections(changed, 'sentiment model', { ...fields, facts }, sections);
  expect(readModel(changed).facts.gitCommit).toBe('f00');
  expect(() => readModel(changed, { key })).toThrow(isRefused(/changed\.bin is signed with another key/));
});

test('a key may be a file', () => {
  const file = join(folder, 'key.pem');
  writeFileSync(file, ours.open);
  expect(readModel(signed, { key: verifyKeyOf(file) }).facts.runId).toBe('r1');
});

const rsa = pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }));
test.each([
  ['a file that is missing', () => verifyKeyOf('/nowhere/key.pem'), /names \/nowhere\/key\.pem, which cannot be read$/],
  ['no key', () => verifyKeyOf('-----BEGIN PUBLIC KEY-----\nx'), /holds no public key in PEM$/],
  ['a public key where models are registered', () => signerOf(ours.open), /holds no private key in PEM$/],
  ['a key of another type', () => verifyKeyOf(rsa.open), /holds a public key of the type rsa$/],
])('%s is told in a sentence', (_, read, message) => {
  expect(read).toThrow(
    expect.objectContaining({ code: 'MODEL_KEY', exitCode: 2, message: expect.stringMatching(message) }),
  );
});

test('no key asks for nothing', () => {
  expect([verifyKeyOf(undefined), verifyKeyOf(' '), signerOf('')]).toEqual([undefined, undefined, undefined]);
});
