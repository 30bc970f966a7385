import { expect, test } from 'vitest';
import { checkPlatform } from './platforms.ts';

test('a platform that the base image does not exist for is refused, since the engine would build for its own', () => {
  for (const known of [undefined, 'linux/amd64', 'linux/arm64']) expect(() => checkPlatform(known)).not.toThrow();
  for (const unknown of ['amiga/68k', 'linux', 'windows/amd64', ''])
    expect(() => checkPlatform(unknown)).toThrow(`--platform is "${unknown}"`);
});
