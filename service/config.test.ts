import { describe, expect, it } from 'vitest';
import { describeSettings, readConfig } from './config.ts';

describe('readConfig', () => {
  it('has a default for every setting', () => {
    expect(readConfig({})).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      modelUri: 'models/model.bin',
      logLevel: 'info',
    });
  });

  it('reads the environment and trims blanks', () => {
    expect(readConfig({ PORT: ' 0 ', HOST: '0.0.0.0', GRACE_SECONDS: '2.5', LOG_LEVEL: 'silent' })).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      graceSeconds: 2.5,
      logLevel: 'silent',
    });
    expect(readConfig({ PORT: '' }).port).toBe(8080);
  });

  const cases: [name: string, value: string, expected: string][] = [
    ['PORT', '80a', 'a whole number from 0 to 65535'],
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['MAX_BATCH_SIZE', '0', 'a whole number from 1 to 10000'],
    ['GRACE_SECONDS', '-1', 'a number of seconds from 0'],
    ['RATE_LIMIT', 'some', 'a number of requests per second'],
    ['PATH_PREFIX', '/a/', 'a path such as /sentiment, without a slash at its end'],
    ['LOG_LEVEL', 'loud', 'info, warn, silent'],
  ];
  it.each(cases)('refuses %s=%s and names the variable', (name, value, expected) => {
    expect(() => readConfig({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'SETTING', exitCode: 2, message: `${name} is "${value}", expected ${expected}` }),
    );
  });
});

it('describeSettings lists every setting once, with its default', () => {
  const lines = describeSettings().split('\n');
  expect(lines).toHaveLength(Object.keys(readConfig({})).length);
  expect(lines[0]).toMatch(/^ {2}PORT +port to listen on; 0 means any free one \[8080\]$/);
});
