/** The processor time of the service for one request of up to 1 MB, of each hostile kind. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostile } from '../support/hostile_requests.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from '../support/service.ts';
import { reportTrust } from '../support/trust_report.ts';

const MOST_SECONDS = 0.5;
const TRIES = 3;

let model: TestModel;
let service: ServiceProcess;
beforeAll(async () => {
  model = await createTestModel();
  service = await startService({ MODEL_URI: model.path });
});
afterAll(async () => {
  await service.stop();
  await model.remove();
});

/** Of all its threads so far, in seconds; proc(5) counts in hundredths. */
function processorTime(): number {
  const fields = readFileSync(`/proc/${service.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test('no request of 1 MB takes more than half a second of processor time', async () => {
  const times: [seconds: number, name: string][] = [];
  for (const [name, { type = 'application/json', path = '/predict', body }] of Object.entries(hostile)) {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < TRIES; i++) {
      const before = processorTime();
      const headers = { 'content-type': type };
      const response = await fetch(`${service.address}${path}`, { method: 'POST', headers, body });
      await response.arrayBuffer();
      least = Math.min(least, processorTime() - before);
    }
    times.push([least, name]);
  }
  times.sort(([one], [other]) => other - one);
  const shown = times.slice(0, 3).map(([seconds, name]) => `${seconds.toFixed(2)} s (${name})`);
  const holds = times[0][0] <= MOST_SECONDS;
  const figure = `of ${times.length} kinds the slowest take ${shown.join(', ')}`;
  reportTrust('Requests', { attempt: 'processor time for one request of 1 MB', figure, holds });
  expect(times.filter(([seconds]) => seconds > MOST_SECONDS)).toEqual([]);
});
