/** Feedback is neither lost nor doubled, whatever becomes of the service and of the place where it is stored. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';
import { type ReverseProxy, startProxy } from './support/proxy.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';

/** `make trust` proves it with more. */
const POSTS = process.env.TRUST ? 10_000 : 300;
const CLIENTS = 16;

let model: TestModel;
let folder: string;
let service: ServiceProcess;
beforeAll(async () => {
  model = await createTestModel();
});
afterAll(() => model.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'feedback-'));
});
afterEach(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true });
});

const linesOf = (text: string): { text: string }[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
/** How often each text is there. */
function countTexts(lines: { text: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { text } of lines) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/**
 * Sends POSTS judgements from CLIENTS clients, each until it is acknowledged. `disturb[i]` is done when the (i + 1)th of
 * equal shares is acknowledged, while the clients go on. They wait for it to begin: however fast they are, each start of the
 * service gets a share.
 */
async function post(disturb: (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  let acknowledged = 0;
  let disturbance = Promise.resolve();
  let begun = 0;
  const done = new Set<number>();
  const due = () => Math.floor((acknowledged * (disturb.length + 1)) / POSTS);
  const client = async () => {
    while (next < POSTS) {
      const i = next++;
      const body = JSON.stringify({ text: `it was good ${i}`, label: 'positive', request_id: `post-${i}` });
      while (begun < Math.min(due(), disturb.length)) await sleep(5);
      while (!(await send(body))) await sleep(20);
      acknowledged++;
      const share = due() - 1;
      if (share < 0 || share >= disturb.length || done.has(share)) continue;
      done.add(share);
      disturbance = disturbance.then(() => {
        begun++;
        return disturb[share]();
      });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await disturbance;
}

async function send(body: string): Promise<boolean> {
  try {
    const response = await fetch(`${service.address}/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await response.arrayBuffer();
    if (response.status !== 200 && response.status !== 503) throw new TypeError(`status ${response.status}`);
    return response.ok;
  } catch (error) {
    // The service is down: fetch says "fetch failed", or "terminated" within an answer.
    if (error instanceof TypeError && !/^status/.test(error.message)) return false;
    throw error;
  }
}

const metric = async (line: RegExp) => line.exec(await (await fetch(`${service.address}/metrics`)).text())?.[0];

test(`in a folder: ${POSTS} posts are there once each, though the service is killed and ended meanwhile`, {
  timeout: 600_000,
}, async () => {
  const env = { MODEL_URI: model.path, DRAIN_SECONDS: '0', FEEDBACK_TO: `file:${folder}/kept` };
  const start = async () => {
    service = await startService(env, 'listening');
  };
  await start();
  const restartAfter = (signal: 'SIGKILL' | 'SIGTERM') => async () => {
    service.child.kill(signal);
    await service.ended;
    await start();
  };
  await post([restartAfter('SIGKILL'), restartAfter('SIGTERM'), restartAfter('SIGKILL')]);
  service.child.kill('SIGTERM');
  expect((await service.ended).code).toBe(0);
  const files = readdirSync(join(folder, 'kept'));
  expect(files).toHaveLength(4);
  const counts = countTexts(files.flatMap((name) => linesOf(readFileSync(join(folder, 'kept', name), 'utf8'))));
  expect(counts.size).toBe(POSTS);
  expect([...counts].filter(([, count]) => count !== 1)).toEqual([]);
});

describe.skipIf(!need('moto'))('in S3', () => {
  let moto: MotoServer;
  let proxy: ReverseProxy;
  let client: S3Client;
  let isAway = false;

  beforeAll(async () => {
    moto = await startMoto();
    // The worst way to be away: the bucket gets the object, and the service does not learn it.
    proxy = await startProxy(moto.uri, { cut: () => isAway });
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region } = moto.env;
    const credentials = { accessKeyId, secretAccessKey };
    client = new S3Client({ endpoint: moto.uri, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'said' }));
  });
  afterAll(async () => {
    client?.destroy();
    await proxy?.stop();
    await moto?.stop();
  });

  const start = async (prefix: string) => {
    service = await startService({
      ...moto.env,
      AWS_ENDPOINT_URL: proxy.uri,
      MODEL_URI: model.path,
      DRAIN_SECONDS: '0',
      FEEDBACK_TO: `s3://said/${prefix}`,
      FEEDBACK_SPOOL: join(folder, 'spool'),
      FEEDBACK_UPLOAD_SECONDS: '0.3',
      GRACE_SECONDS: '2',
    });
  };

  async function objects(prefix: string): Promise<Map<string, string>> {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'said', Prefix: `${prefix}/` }));
    const texts = Contents.map(async ({ Key = '' }) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'said', Key }));
      return [Key, (await Body?.transformToString()) ?? ''] as const;
    });
    return new Map(await Promise.all(texts));
  }

  test(`${POSTS} posts are there once each, though the service is killed and ended and the bucket goes away`, {
    timeout: 600_000,
  }, async () => {
    await start('all');
    const restartAfter = (signal: 'SIGKILL' | 'SIGTERM') => async () => {
      const { output } = service;
      service.child.kill(signal);
      await service.ended;
      expect(output()).not.toContain('it was good');
      await start('all');
    };
    const goAway = async () => {
      isAway = true;
      await expect.poll(() => metric(/^feedback_sink_up .*$/m), { timeout: 30_000 }).toBe('feedback_sink_up 0');
      // The clients may have sent all they have by now. It is refused, so it is not among the lines.
      expect(await send(JSON.stringify({ text: 'is anybody there', label: 'positive' }))).toBe(false);
      expect(await metric(/^feedback_rejected_total{reason="away"} [1-9]/m)).toBeDefined();
      await restartAfter('SIGKILL')();
      await sleep(1000);
      isAway = false;
    };
    await post([restartAfter('SIGKILL'), goAway, restartAfter('SIGTERM'), restartAfter('SIGKILL')]);
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
    expect(readdirSync(join(folder, 'spool'))).toEqual([]);
    const counts = countTexts([...(await objects('all')).values()].flatMap(linesOf));
    expect(counts.size).toBe(POSTS);
    expect([...counts].filter(([, count]) => count !== 1)).toEqual([]);
  });

  test('a service that ends while the bucket is away leaves its lines for the next start', async () => {
    await start('late');
    isAway = true;
    await send(JSON.stringify({ text: 'late', label: 'positive' }));
    await expect.poll(() => metric(/^feedback_sink_up .*$/m), { timeout: 30_000 }).toBe('feedback_sink_up 0');
    service.child.kill('SIGTERM');
    const { code, stdout } = await service.ended;
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('"feedback is left in its folder for the next start to upload"'),
    ]);
    expect(readdirSync(join(folder, 'spool'))).toHaveLength(1);
    isAway = false;
    await start('late');
    await expect.poll(() => readdirSync(join(folder, 'spool')), { timeout: 10_000 }).toEqual([]);
    const kept = await objects('late');
    expect([...kept.keys()]).toEqual([expect.stringMatching(/^late\/\d{4}-\d\d-\d\d_.+_\d+_\d+_0\.jsonl$/)]);
    expect(linesOf([...kept.values()].join(''))).toMatchObject([{ text: 'late', label: 'positive' }]);
  });
});
