import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  breakOff,
  hangUp,
  type MisbehavingServer,
  type Reply,
  reply,
  startMisbehaving,
} from '../../tests/support/misbehaving.ts';
import { downloadArtifact, uploadArtifact } from './artifacts.ts';

let server: MisbehavingServer;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artifacts-'));
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const root = 'mlflow-artifacts:/1/run/artifacts';
const download = (uri = root) => downloadArtifact(server.config, uri, 'model/model.bin', join(folder, 'model.bin'));

test('a download that breaks off starts again, and its digest is that of the whole file', async () => {
  server = await startMisbehaving([
    breakOff('hel'),
    reply(200, 'hello', { 'content-type': 'application/octet-stream' }),
  ]);
  expect(await download()).toEqual({
    bytes: 5,
    sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  });
  expect(await readFile(join(folder, 'model.bin'), 'utf8')).toBe('hello');
  expect(server.requests[1].line).toBe('GET /api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/model/model.bin');
});

test('a failed download leaves no partial file and keeps the old one', async () => {
  await writeFile(join(folder, 'model.bin'), 'older');
  server = await startMisbehaving([breakOff('hel')]);
  await expect(download()).rejects.toMatchObject({ code: 'MLFLOW_UNREACHABLE' });
  expect(await readdir(folder)).toEqual(['model.bin']);
  expect(await readFile(join(folder, 'model.bin'), 'utf8')).toBe('older');
});

test('a login page is not stored as the file', async () => {
  server = await startMisbehaving([reply(200, '<title>Sign in</title>')]);
  await expect(download()).rejects.toMatchObject({ code: 'MLFLOW_WEB_PAGE' });
  await writeFile(join(folder, 'up'), 'x');
  const upload = uploadArtifact(server.config, root, 'up', join(folder, 'up'));
  await expect(upload).rejects.toMatchObject({ code: 'MLFLOW_WEB_PAGE' });
  expect(await readdir(folder)).toEqual(['up']);
});

test('an upload that is cut off is sent again as a whole', async () => {
  await writeFile(join(folder, 'up'), 'the whole file');
  server = await startMisbehaving([hangUp, reply(503, ''), reply(200, '')]);
  await uploadArtifact(server.config, root, 'model/up', join(folder, 'up'));
  expect(server.requests.map(({ body }) => body)).toEqual(Array(3).fill('the whole file'));
});

test.each<[string, Reply]>([
  ['announces', reply(200, 'x'.repeat(6), { 'content-type': 'application/octet-stream', 'content-length': '6' })],
  ['sends', reply(200, 'x'.repeat(6), { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' })],
])('a server that %s more than the limit is not asked again, and nothing is kept', async (_, answer) => {
  server = await startMisbehaving([answer]);
  const file = join(folder, 'model.bin');
  await expect(downloadArtifact(server.config, root, 'model/model.bin', file, 5)).rejects.toMatchObject({
    code: 'MLFLOW_TOO_LARGE',
    message: expect.stringContaining('with more than 5 bytes'),
  });
  expect(server.requests).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});

test('a disk that cannot be written is told from a broken connection, and the server is not asked again', async () => {
  server = await startMisbehaving([reply(200, 'hello', { 'content-type': 'application/octet-stream' })]);
  await writeFile(join(folder, 'file'), '');
  await expect(
    downloadArtifact(server.config, root, 'model.bin', join(folder, 'file/model.bin')),
  ).rejects.toMatchObject({
    code: 'DISK_WRITE',
    message: expect.stringContaining(`cannot write ${join(folder, 'file')}`),
  });
});

test('an address with steps upwards is refused', async () => {
  server = await startMisbehaving([reply(200, '')]);
  for (const uri of ['mlflow-artifacts:/1/../../../ajax-api', 'mlflow-artifacts:/1/./run']) {
    await expect(download(uri)).rejects.toMatchObject({ code: 'MLFLOW_BAD_ANSWER' });
  }
  expect(server.requests).toEqual([]);
});

test('artifacts that the server does not serve are an error with their address', async () => {
  server = await startMisbehaving([reply(200, '')]);
  for (const elsewhere of ['s3://bucket/1/run/artifacts', '/srv/mlruns/1', 'mlflow-artifacts://other:80/1']) {
    await expect(download(elsewhere)).rejects.toMatchObject({
      code: 'MLFLOW_ARTIFACTS_ELSEWHERE',
      message: `MLflow keeps these artifacts at ${elsewhere}, not at ${server.config.uri}`,
    });
  }
  expect(server.requests).toEqual([]);
});
