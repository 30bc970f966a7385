import { expect, test } from 'vitest';
import { checkBill } from './bill.ts';

const hex = 'ab'.repeat(64);
const integrity = `sha512-${Buffer.from(hex, 'hex').toString('base64')}`;
const lock = JSON.stringify({
  packages: {
    '': { name: 'app', version: '1.0.0' },
    'node_modules/koa': { version: '3.0.0', integrity },
    'node_modules/koa/node_modules/@scope/deep': { version: '2.0.0', integrity },
  },
});
const koa = { name: 'koa', version: '3.0.0', purl: 'pkg:npm/koa@3.0.0', hashes: [{ alg: 'SHA-512', content: hex }] };
const deep = { ...koa, name: '@scope/deep', version: '2.0.0', purl: 'pkg:npm/%40scope/deep@2.0.0' };
const node = { name: 'node', version: '24.0.0', purl: 'pkg:generic/node@24.0.0' };
const check = (components: unknown) => checkBill(JSON.stringify({ components }), lock);

test('packages as the lock has them pass, wherever they lie; Node is not from npm', () => {
  expect(check([koa, deep, node])).toBe('bill of materials: 2 npm packages, all as in package-lock.json');
});

test.each([
  ['another version', [{ ...koa, version: '3.0.1' }], 'koa 3.0.1 is not in package-lock.json'],
  ['a package that nobody asked for', [{ ...koa, name: 'evil' }], 'evil 3.0.0 is not in package-lock.json'],
  ['other content', [{ ...koa, hashes: [{ content: '00' }] }], 'koa 3.0.0 has another hash than in package-lock.json'],
  ['content that it does not tell', [{ ...koa, hashes: undefined }], 'koa 3.0.0 has another hash'],
  ['no list', undefined, 'lists no components'],
])('an image with %s is refused', (_, components, words) => {
  expect(() => check(components)).toThrow(words);
  expect(() => check(components)).toThrow(expect.objectContaining({ code: 'IMAGE_NOT_LOCKED' }));
});
