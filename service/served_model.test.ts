/** Which models the service takes. */
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stampFacts } from '../ml/model/artifact.ts';
import { signerOf } from '../ml/model/signature.ts';
import { createTestModel, type TestModel } from '../tests/support/service.ts';
import { readConfig } from './config.ts';
import { loadServedModel } from './served_model.ts';

let model: TestModel;
beforeAll(async () => {
  model = await createTestModel();
});
afterAll(() => model.remove());

test('with a key, only a model that is signed with it is served', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const signed = join(model.folder, 'signed.bin');
  stampFacts(model.path, signed, {}, signerOf(privateKey));
  const warn = vi.fn();
  const load = (path: string, key: string) =>
    loadServedModel(readConfig({ MODEL_URI: path, SENTIMENT_MODEL_KEY: key }), warn);

  await expect(load(model.path, publicKey)).rejects.toMatchObject({
    code: 'MODEL_SIGNATURE',
    message: `${model.path} is not signed, and SENTIMENT_MODEL_KEY asks for a signature`,
  });
  expect((await load(signed, publicKey)).model.digest).toMatch(/^[0-9a-f]{64}$/);
  expect((await load(model.path, '')).source).toBe('file');
  expect(warn).not.toHaveBeenCalled();
});

test('a model of the time before self-tests is served, with a warning in the log', async () => {
  const warn = vi.fn();
  const path = 'ml/model/testdata/rules_1.bin';
  await loadServedModel(readConfig({ MODEL_URI: path }), warn);
  expect(warn.mock.calls).toEqual([[`${path} carries no self-test: it was made before models did`]]);
});
