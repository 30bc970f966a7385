/**
 * Two and ten times the load that the service can take, for half a minute, from clients who do not wait for each other: it does what
 * it can, refuses the rest at once, answers every probe, and is itself again when they have gone.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { in256MiB } from '../support/image_start.ts';
import type { Load } from '../support/open_loop.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from '../support/service.ts';
import { reportTrust } from '../support/trust_report.ts';

const SECONDS = 30;
/** For its capacity, and for its latency without load. */
const MEASURING_SECONDS = 10;
/** Share of the capacity that is still used: what is promised; the table below has what is held. */
const LEAST_GOODPUT = 0.85;
/** Times the latency without load. */
const MOST_LATENCY = 3;
const MOST_RECOVERY_MS = 2000;

const text =
  'It was a good film, but the acting was bad and the story was long and dull for most of the time, honestly. ';
/** What is sent, and how much of the capacity is used at least: reading what is refused takes most of the time that short work leaves. */
const kinds: [name: string, body: object, goodputs: Record<number, number>][] = [
  [
    'batches of 256 texts, 28 kB',
    { texts: Array.from({ length: 256 }, (_, i) => `${text}${i}`) },
    { 2: 0.8, 10: 0.45 },
  ],
  ['explanations of a text of 20 kB', { text: text.repeat(185), explain: true }, { 2: 0.85, 10: 0.85 }],
];

let model: TestModel;
let service: ServiceProcess;
beforeAll(async () => {
  model = await createTestModel();
  service = await startService({ MODEL_URI: model.path, NODE_OPTIONS: in256MiB });
});
afterAll(async () => {
  await service.stop();
  await model.remove();
});

const program = resolve(import.meta.dirname, '../support/open_loop.ts');
async function load(body: string, rate: number | 'closed', seconds: number): Promise<Load> {
  const args = [program, String(service.port), body, String(rate), String(seconds)];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}

test.each(kinds)('%s, two and ten times as many as it can answer', async (what, content, goodputs) => {
  const body = join(model.folder, 'body.json');
  writeFileSync(body, JSON.stringify(content));
  // The first time warms it up.
  await load(body, 'closed', 2);
  const capacity = ((await load(body, 'closed', MEASURING_SECONDS)).statuses[200] ?? 0) / MEASURING_SECONDS;
  const unloaded = await load(body, Math.max(10, capacity / 10), MEASURING_SECONDS);
  const misses: string[] = [];
  for (const times of [2, 10]) {
    const loaded = await load(body, times * capacity, SECONDS);
    const goodput = (loaded.statuses[200] ?? 0) / SECONDS / capacity;
    const latency = loaded.p99 / unloaded.p99;
    const holds =
      goodput >= LEAST_GOODPUT &&
      latency <= MOST_LATENCY &&
      loaded.lateProbes === 0 &&
      loaded.recovery <= MOST_RECOVERY_MS;
    const figure =
      `${(100 * goodput).toFixed(0)} % of ${capacity.toFixed(0)}/s answered, p99 ${loaded.p99.toFixed(0)} ms (${latency.toFixed(1)} times ` +
      `that without load), ${loaded.lateProbes} of ${loaded.probes} probes late, the slowest ${loaded.slowestProbe.toFixed(0)} ms, ` +
      `recovered in ${(loaded.recovery / 1000).toFixed(1)} s`;
    reportTrust('Load', { attempt: `${times} times its capacity for ${SECONDS} s: ${what}`, figure, holds });
    const isRight = loaded.lateProbes === 0 && loaded.recovery <= MOST_RECOVERY_MS && latency <= MOST_LATENCY;
    if (!isRight || goodput < goodputs[times])
      misses.push(`${times} times: ${figure} ${JSON.stringify(loaded.statuses)}`);
  }
  expect(misses).toEqual([]);
});
