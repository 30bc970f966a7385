import { expect, test } from 'vitest';
import { parseDespite, parseDuration, rolloutSettings } from './settings.ts';

test.each([
  ['90', 90],
  ['90s', 90],
  ['0', 0],
  ['10m', 600],
  ['1h30m', 5400],
  ['2h', 7200],
  ['1m2.5s', 62.5],
])('the duration %s has %d seconds', (text, seconds) => {
  expect(parseDuration('bake', text)).toBe(seconds);
});

test.each(['', 'soon', '-1', '10 m', '5d', 'm'])('%j is no duration', (text) => {
  expect(() => parseDuration('deadline', text)).toThrow(`--deadline is "${text}"`);
});

test('a refusal is passed by its code, with a reason that may contain an equals sign', () => {
  expect(parseDespite(['IMAGE_NOT_FOUND=role=pull may not look'])).toEqual({
    IMAGE_NOT_FOUND: 'role=pull may not look',
  });
  expect(() => parseDespite(['IMAGE_NOT_FOUND'])).toThrow('expected IMAGE_NOT_FOUND=REASON');
  expect(() => parseDespite(['IMAGE_NOT_FOUND= '])).toThrow('expected IMAGE_NOT_FOUND=REASON');
  expect(() => parseDespite(['LOCKED=I am alone'])).toThrow('the refusal LOCKED cannot be passed');
});

test('what is not set stays undefined, so that the default holds', () => {
  expect(rolloutSettings({})).toEqual({
    canarySeconds: undefined,
    prometheus: undefined,
    maxFlips: undefined,
    patience: {},
    despite: {},
    deadlineSeconds: undefined,
    bakeSeconds: undefined,
  });
  expect(rolloutSettings({ bake: '0' }).bakeSeconds).toBe(0);
});

test('a share is a percentage or a number up to 1', () => {
  expect(rolloutSettings({ maxFlips: '12.5%' }).maxFlips).toBe(0.125);
  expect(rolloutSettings({ maxFlips: '0' }).maxFlips).toBe(0);
  for (const maxFlips of ['10', '-1%', 'few', '101%'])
    expect(() => rolloutSettings({ maxFlips })).toThrow(`--max-flips is "${maxFlips}"`);
});

test('a Prometheus is an address of http or https; another word is not repeated, because it may hold a password', () => {
  const { prometheus } = rolloutSettings({ prometheus: 'https://ann:secret@prometheus.test/path' });
  expect(prometheus).toBe('https://ann:secret@prometheus.test/path');
  expect(() => rolloutSettings({ prometheus: 'ann:secret@prometheus.test' })).toThrow('--prometheus is not an address');
});
