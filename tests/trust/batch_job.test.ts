/** manifests/batch on the real Kubernetes, with the service's image and S3 by moto, because AWS cannot be had here. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { openS3 } from '../../ml/s3.ts';
import { runCli } from '../support/cli.ts';
import { type Api, apiOf } from '../support/cluster/api.ts';
import { factsBeside } from '../support/cluster/facts.ts';
import { type Cluster, startCluster, type TestNamespace } from '../support/cluster.ts';
import { type MotoServer, startMoto } from '../support/moto.ts';
import { createTestModel, type TestModel } from '../support/service.ts';
import { pushService } from '../support/service_image.ts';

const manifest = resolve(import.meta.dirname, '../../manifests/batch/job.yaml');
const SHARDS = 3;
const TABLES = 12;
const ROWS = 2000;

let cluster: Cluster;
let namespace: TestNamespace;
let api: Api;
let moto: MotoServer;
let s3: S3Client;
let model: TestModel;
let folder: string;
let image: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batch-job-'));
  mkdirSync(join(folder, 'from'));
  cluster = await startCluster();
  api = apiOf(cluster.kubeconfig);
  const host = factsBeside(cluster.kubeconfig)?.host;
  [namespace, model, { byDigest: image }, moto] = await Promise.all([
    cluster.namespace(),
    createTestModel(),
    pushService(cluster.images, 'batch'),
    startMoto(host),
  ]);
  for (const [name, value] of Object.entries(moto.env)) vi.stubEnv(name, value);
  s3 = await openS3(process.env);
  await s3.send(new CreateBucketCommand({ Bucket: 'texts' }));
  for (let i = 0; i < TABLES; i++) {
    const rows = Array.from({ length: ROWS }, (_, row) => `${row},a ${row % 3 ? 'wonderful' : 'dull'} film ${i}\n`);
    const Body = `id,text\n${rows.join('')}`;
    writeFileSync(join(folder, 'from', `t${i}.csv`), Body);
    await s3.send(new PutObjectCommand({ Bucket: 'texts', Key: `reviews/t${i}.csv`, Body }));
  }
});
afterAll(async () => {
  s3?.destroy();
  vi.unstubAllEnvs();
  await namespace?.remove();
  await moto?.stop();
  await cluster?.stop();
  await model?.remove();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test('an Indexed Job predicts every table once as the command line does, though one of its pods is killed', async () => {
  const inNamespace = (group: string, rest: string) => `${group}/namespaces/${namespace.name}/${rest}`;
  // As the command in the manifest's first lines does, which hold the name too but do not end with it.
  const text = readFileSync(manifest, 'utf8').replace(/set-by-the-command.invalid\/sentiment@sha256:0*$/m, image);
  const [account, job] = parseAllDocuments(text.replaceAll('s3://BUCKET', 's3://texts')).map((one) => {
    const object = one.toJS();
    object.metadata.namespace = namespace.name;
    return object;
  });
  const { spec } = job.spec.template;
  Object.assign(job.spec, { completions: SHARDS, parallelism: SHARDS });
  const [container] = spec.containers;
  container.args = container.args.map((each: string) => each.replace('--shards=8', `--shards=${SHARDS}`));
  // The tests' node is small, and counts no storage.
  container.resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '512Mi' } };
  container.env = Object.entries(moto.env).map(([name, value]) => ({ name, value }));
  expect((await api('POST', inNamespace('/api/v1', 'serviceaccounts'), account)).status).toBe(201);
  const made = await api('POST', inNamespace('/apis/batch/v1', 'jobs'), job);
  expect(made.status, made.body).toBe(201);

  const pods = inNamespace('/api/v1', 'pods');
  const first = await until('a pod runs', async () => {
    const { items } = JSON.parse((await api('GET', pods)).body);
    return items.find(({ status }: { status: { phase: string } }) => status.phase === 'Running');
  });
  await api('DELETE', `${pods}/${first.metadata.name}?gracePeriodSeconds=0`);
  const ended = await until('the job has ended', async () => {
    const { status } = JSON.parse((await api('GET', inNamespace('/apis/batch/v1', 'jobs/batch'))).body);
    const isOver = ({ type }: { type: string }) => /^(Complete|Failed)$/.test(type);
    return status.conditions?.some(isOver) ? status : undefined;
  });
  expect(ended).toMatchObject({ succeeded: SHARDS, completedIndexes: `0-${SHARDS - 1}` });

  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  expect(await runCli(['batch', '--from', from, '--to', to, '--model', model.path])).toMatchObject({ code: 0 });
  for (let i = 0; i < TABLES; i++) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'texts', Key: `predicted/t${i}.csv` }));
    expect(await Body?.transformToString()).toBe(readFileSync(join(to, `t${i}.csv`), 'utf8'));
  }
});

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 180_000; Date.now() < deadline; await sleep(100)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`${what}: not within 180 s; ${await told()}`);
}

/** What the pods are waiting for or have said last. */
async function told(): Promise<string> {
  const pods = JSON.parse((await api('GET', `/api/v1/namespaces/${namespace.name}/pods`)).body).items;
  return JSON.stringify(pods.map(({ status }: { status: object }) => status));
}
