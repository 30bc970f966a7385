import { expect, test } from 'vitest';
import { hashLock } from './pipeline_result.ts';

const entry = (name: string, md5: string) =>
  `  ${name}:\n    cmd: node x\n    outs:\n    - path: y\n      md5: ${md5}\n`;
const lock = (...entries: string[]) => `schema: '2.0'\nstages:\n${entries.join('')}`;
const [ingest, build] = [entry('data_ingestion', 'a1'), entry('model_building', 'b2')];

test('the hash of dvc.lock covers the stages before register_model, in any order', () => {
  const hash = hashLock(lock(ingest, build));
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hashLock(lock(build, ingest))).toBe(hash);
  expect(hashLock(lock(ingest, build, entry('register_model', 'c3')))).toBe(hash);
  expect(hashLock(lock(ingest, entry('model_building', 'b3')))).not.toBe(hash);
});

test('a text that is not a lock file has no hash', () => {
  for (const text of ['', 'schema: 1', '[]', 'stages: 3']) expect(hashLock(text)).toBeUndefined();
});
