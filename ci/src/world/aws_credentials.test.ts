import { expect, test } from 'vitest';
import { type Identity, identityProvider, renewing } from './aws_credentials.ts';

const MINUTE = 60_000;

/** Issues sessions of an hour on a clock of its own. */
function office() {
  let now = Date.UTC(2026, 0, 1);
  let count = 0;
  const issue = async (): Promise<Identity> => {
    count++;
    return { accessKeyId: `key ${count}`, secretAccessKey: 's', expiration: new Date(now + 60 * MINUTE) };
  };
  return {
    issue,
    now: () => now,
    pass: (minutes: number) => {
      now += minutes * MINUTE;
    },
    count: () => count,
  };
}

test('a session is used until five minutes before its end, then renewed', async () => {
  const clock = office();
  const provider = renewing(clock.issue, clock.now);
  expect((await provider()).accessKeyId).toBe('key 1');
  clock.pass(54);
  expect((await provider()).accessKeyId).toBe('key 1');
  clock.pass(1.1);
  expect((await provider()).accessKeyId).toBe('key 2');
  expect((await provider()).accessKeyId).toBe('key 2');
});

test('those who ask at the same time share one session', async () => {
  const clock = office();
  const provider = renewing(clock.issue, clock.now);
  await Promise.all([provider(), provider(), provider()]);
  expect(clock.count()).toBe(1);
});

test('a failure is told once and not kept', async () => {
  let isDown = true;
  const provider = renewing(async () => {
    if (isDown) throw new Error('down');
    return { accessKeyId: 'a', secretAccessKey: 's' };
  });
  await expect(provider()).rejects.toThrow('down');
  isDown = false;
  expect((await provider()).accessKeyId).toBe('a');
});

test('keys are handed on as they are, whatever the environment holds', async () => {
  process.env.AWS_ACCESS_KEY_ID = 'of the environment';
  const provider = identityProvider(
    { kind: 'keys', accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' },
    { region: 'eu-central-1' },
  );
  expect(await provider()).toEqual({ accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' });
  delete process.env.AWS_ACCESS_KEY_ID;
});
