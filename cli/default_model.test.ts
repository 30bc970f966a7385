import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultModel } from './default_model.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'default-model-'));
  copyFileSync('ml/testdata/params.yaml', join(root, 'params.yaml'));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** As fetchModel leaves it; the digest is that of "model". */
function promote(digest = '9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4'): void {
  put('.local/models/my_model/2/model.bin', 'model');
  const note = { version: '2', runId: 'r', digest, trackingUri: 'u', confirmed: 't' };
  put('.local/models/my_model/models%3A%2Fmy_model%2FProduction.json', JSON.stringify(note));
}

test("the pipeline's own file, while nothing was promoted here", async () => {
  expect(await defaultModel(root)).toEqual({ path: join(root, 'models/model.bin') });
});

test('the version in Production', async () => {
  promote();
  expect(await defaultModel(root)).toEqual({
    path: join(root, '.local/models/my_model/2/model.bin'),
    production: { name: 'my_model', version: '2' },
  });
});

test('not a copy that is damaged', async () => {
  promote('0'.repeat(64));
  expect(await defaultModel(root)).toEqual({ path: join(root, 'models/model.bin') });
});
