/** The program that fetches the model for the image, on a real MLflow server. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DIGEST_TAG, EXAMINED_TAG } from '../ml/model/remote.ts';
import { freePort } from './support/listen.ts';
import { need } from './support/need.ts';
import { run } from './support/process.ts';
import { useRegistryLab } from './support/registry_lab.ts';

const program = resolve(import.meta.dirname, '../scripts/production_model.ts');

describe.skipIf(!need('mlflow'))('production_model', () => {
  const { env, file, folder, name, promote, register, versions } = useRegistryLab();

  const fetchTo = (target: string, more = {}) =>
    run(process.execPath, [program, target], { cwd: folder().path, env: { ...process.env, ...env(), ...more } });

  test('the model in Production is written to the file; its version and when it was examined are printed', async () => {
    await register();
    await promote();
    const { code, stdout } = await fetchTo('out/production.bin');
    const [{ tags }] = await versions();
    expect([code, stdout]).toEqual([0, `${name()} 1 ${tags[EXAMINED_TAG]}\n`]);
    const written = await readFile(file('out/production.bin'));
    expect(createHash('sha256').update(written).digest('hex')).toBe(tags[DIGEST_TAG]);
  });

  test('with a key, a model that it has not signed is refused, and no file is written', async () => {
    await register();
    await promote();
    const { publicKey } = generateKeyPairSync('ed25519');
    const SENTIMENT_MODEL_KEY = publicKey.export({ type: 'spki', format: 'pem' });
    const { code, stderr } = await fetchTo('production.bin', { SENTIMENT_MODEL_KEY });
    expect(code).toBe(1);
    expect(stderr).toContain('is not signed, and SENTIMENT_MODEL_KEY asks for a signature (MODEL_SIGNATURE)');
    expect(existsSync(file('production.bin'))).toBe(false);
  });

  test('a model that is only in Staging is refused, and no file is written', async () => {
    await register();
    const { code, stderr } = await fetchTo('production.bin');
    expect(code).toBe(1);
    expect(stderr).toContain('MODEL_NOT_REGISTERED');
    expect(existsSync(file('production.bin'))).toBe(false);
  });

  test('if the server is unreachable, the cached Production model is not used', async () => {
    await register();
    await promote();
    const { code, stderr } = await fetchTo('production.bin', {
      MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}`,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('REGISTRY_AWAY');
    expect(existsSync(file('production.bin'))).toBe(false);
  });
});
