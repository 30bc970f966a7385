import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type MisbehavingServer,
  type Reply,
  refusal,
  reply,
  startMisbehaving,
} from '../../tests/support/misbehaving.ts';
import { fetchModel } from './remote.ts';

let server: MisbehavingServer;
let cacheDir: string;
/** What the registry holds; each test breaks some of it. */
let registry: { version: string; file: string; digest: string; broken: Reply | undefined };

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const uri = 'models:/my_model@production';

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'cache-'));
  registry = { version: '3', file: 'weights', digest: sha256('weights'), broken: undefined };
  server = await startMisbehaving([
    (response, request) => {
      const { version, file, digest, broken } = registry;
      const path = request.url ?? '';
      const answer = path.includes('/mlflow-artifacts/')
        ? reply(200, file, { 'content-type': 'application/octet-stream' })
        : path.includes('/get-download-uri')
          ? reply(200, { artifact_uri: 'mlflow-artifacts:/1/r/artifacts/model' })
          : reply(200, {
              model_version: {
                name: 'my_model',
                version,
                run_id: `run${version}`,
                tags: [{ key: 'model_digest', value: digest }],
              },
            });
      (broken ?? answer)(response, request);
    },
  ]);
});
afterEach(async () => {
  await server.stop();
  await rm(cacheDir, { recursive: true });
});

const fetchIt = (address = uri) =>
  fetchModel(address, {
    cacheDir,
    env: { MLFLOW_TRACKING_URI: server.config.uri, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' },
  });
const downloads = () => server.requests.filter(({ line }) => line.includes('mlflow-artifacts')).length;

test('a model is downloaded once, and again if the address means another version', async () => {
  const first = await fetchIt();
  expect(first).toEqual({
    path: join(cacheDir, 'my_model/3/model.bin'),
    version: '3',
    runId: 'run3',
    source: 'registry',
  });
  expect(await readFile(first.path, 'utf8')).toBe('weights');
  await fetchIt();
  expect(downloads()).toBe(1);
  Object.assign(registry, { version: '4', file: 'better', digest: sha256('better') });
  const second = await fetchIt();
  expect(await readFile(second.path, 'utf8')).toBe('better');
  expect(downloads()).toBe(2);
});

test('the same version number in another registry, or an edited copy, is not used', async () => {
  const { path } = await fetchIt();
  Object.assign(registry, { file: 'others', digest: sha256('others') });
  await fetchIt();
  expect(await readFile(path, 'utf8')).toBe('others');
  await writeFile(path, 'edited');
  await fetchIt();
  expect(await readFile(path, 'utf8')).toBe('others');
});

test.each<[string, Reply | 'stopped', RegExp]>([
  ['stopped', 'stopped', /^the registry could not be used \(nothing listens at/],
  ['failing', reply(503, 'busy'), /answered GET \S+ with status 503: "busy"\): serving/],
  ['behind a login page', reply(200, '<title>Sign in</title>'), /with a web page \(200 "Sign in"\)/],
  ['closed to us', reply(401, 'no'), /does not accept the credentials/],
])('with the registry %s the cached copy is used, with a warning', async (_name, broken, words) => {
  await fetchIt();
  if (broken === 'stopped') await server.stop();
  else registry.broken = broken;
  const { warning, ...model } = await fetchIt();
  expect(model).toEqual({ path: join(cacheDir, 'my_model/3/model.bin'), version: '3', runId: 'run3', source: 'cache' });
  expect(warning).toMatch(words);
  expect(warning).toMatch(
    /: serving the cached copy of my_model version 3, which http:\S+ last confirmed 0 min ago \(20\d\d-\d\d-\d\dT[\d:.]+Z\)$/,
  );
});

test('if the registry is unreachable and the cached copy missing or damaged, the error says both', async () => {
  const { path } = await fetchIt();
  await server.stop();
  await expect(fetchIt('models:/my_model/Staging')).rejects.toMatchObject({
    code: 'MLFLOW_UNREACHABLE',
    message: `nothing listens at ${server.config.uri}, where MLflow should be; and ${cacheDir} holds no copy of models:/my_model/Staging`,
  });
  await writeFile(path, 'edited');
  await expect(fetchIt()).rejects.toMatchObject({ code: 'MLFLOW_UNREACHABLE', message: /holds no copy of/ });
});

test('a model that the registry does not have is an error, whatever the cache holds', async () => {
  await fetchIt();
  registry.broken = refusal(400, 'INVALID_PARAMETER_VALUE', 'Registered model alias production not found.');
  await expect(fetchIt()).rejects.toMatchObject({
    code: 'MODEL_NOT_REGISTERED',
    message: `the registry at ${server.config.uri} has no version of my_model with the alias production`,
  });
});

test.each(['../../../tmp', '3/..', '', '03', '3\n', '1e3', '-1'])(
  'a version that the registry calls "%s" becomes no path',
  async (version) => {
    registry.version = version;
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'MLFLOW_BAD_ANSWER',
      message: expect.stringContaining(`has ${JSON.stringify(version)} at version, which cannot be`),
    });
    expect(await readdir(cacheDir)).toEqual([]);
    expect(downloads()).toBe(0);
  },
);

test('a note in the cache that names another folder is not followed', async () => {
  await fetchIt();
  const note = join(cacheDir, 'my_model', `${encodeURIComponent(uri)}.json`);
  await writeFile(note, JSON.stringify({ ...JSON.parse(await readFile(note, 'utf8')), version: '../../my_model/3' }));
  await server.stop();
  await expect(fetchIt()).rejects.toMatchObject({ code: 'MLFLOW_UNREACHABLE', message: /holds no copy of/ });
});

test('a file that differs from the registered one is refused and leaves nothing behind', async () => {
  registry.file = 'tampered';
  await expect(fetchIt()).rejects.toMatchObject({
    code: 'MODEL_DAMAGED',
    message: new RegExp(
      `^the file of my_model version 3 has SHA-256 ${sha256('tampered')}, but its tag model_digest is ${sha256('weights')}`,
    ),
  });
  expect(await readdir(join(cacheDir, 'my_model/3'))).toEqual([]);
});
