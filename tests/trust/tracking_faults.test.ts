/** A tracking server that is broken in any of these ways is told in a sentence with the next step, by the stages that need it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/listen.ts';
import { breakOff, hangUp, type Reply, refusal, reply, silence, startMisbehaving } from '../support/misbehaving.ts';
import { createPipelineFolder, type PipelineFolder } from '../support/pipeline_folder.ts';
import { reportTrust } from '../support/trust_report.ts';

const page = '<!doctype html><title>Sign in</title>';
const experiment = { experiment: { experiment_id: '1', name: 'x', lifecycle_stage: 'active' } };

const faults: [string, Reply | undefined][] = [
  ['nobody listens', undefined],
  ['the connection is closed', hangUp],
  ['an answer breaks off', breakOff('{"experiments":')],
  ['no answer comes', silence],
  ['a page with 500', reply(500, '<h1>Internal Server Error</h1>')],
  ['503', refusal(503, 'TEMPORARILY_UNAVAILABLE', 'starting')],
  ['429 for longer than we wait', reply(429, 'slow down', { 'retry-after': '3600' })],
  ['401', reply(401, 'who are you')],
  ['403', refusal(403, 'PERMISSION_DENIED', 'not for you')],
  ['a redirect to a login page', reply(302, '', { location: 'https://login.example/?next=1&token=s3cr3t' })],
  ['a login page', reply(200, page)],
  ['text in place of JSON', reply(200, 'OK', { 'content-type': 'application/json' })],
  ['JSON of another shape', reply(200, [1, 2, 3])],
  ['an experiment and then nothing', reply(200, experiment)],
  ['ids that are paths', reply(200, { experiment: { ...experiment.experiment, experiment_id: '../../etc' } })],
  ['a disk that is full', refusal(500, 'INTERNAL_ERROR', 'database or disk is full')],
];

let folder: PipelineFolder;
let told = 0;
beforeAll(async () => {
  folder = await createPipelineFolder();
  await folder.train();
});
afterAll(async () => {
  reportTrust('Kills and full disks', {
    attempt: 'tracking servers that are broken, for register_model and promote_model',
    figure: `${told} of ${2 * faults.length} told in a sentence with the next step`,
    holds: told === 2 * faults.length,
  });
  await folder.remove();
});

test.each(
  faults.flatMap(([fault, answer]) => ['register_model', 'promote_model'].map((stage) => ({ fault, stage, answer }))),
)('$stage: $fault', async ({ stage, answer }) => {
  const server = answer && (await startMisbehaving([answer]));
  try {
    const { code, out, err } = await folder.run(stage, {
      MLFLOW_TRACKING_URI: server?.config.uri ?? `http://127.0.0.1:${await freePort()}`,
      MLFLOW_HTTP_REQUEST_TIMEOUT: '2',
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
      MLFLOW_RATE_LIMIT_WAIT: '1',
    });
    expect(out + err).not.toMatch(/^\s+at .*:\d+:\d+\)?$|s3cr3t/m);
    expect(err).toMatch(/^error: .*\n(.*\n)*? *next: /m);
    expect([1, 2]).toContain(code);
    told++;
  } finally {
    await server?.stop();
  }
});
