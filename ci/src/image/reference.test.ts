import { expect, test } from 'vitest';
import { byDigest, imageTag, parseImageName } from './reference.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';
const digest = `sha256:${'ab'.repeat(32)}`;

test('the tag is the commit, and says when the working tree differs from it', () => {
  expect(imageTag(commit, true)).toBe(commit);
  expect(imageTag(commit, false)).toBe(`${commit}-dirty`);
  expect(() => imageTag('main', true)).toThrow('the commit is "main"');
});

test.each([
  [
    '123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment',
    '123456789012.dkr.ecr.eu-central-1.amazonaws.com',
    'sentiment',
  ],
  ['localhost:5000/team/sentiment-api', 'localhost:5000', 'team/sentiment-api'],
])('%s is a registry and a repository', (address, registry, repository) => {
  expect(parseImageName(address)).toEqual({ registry, repository });
});

test.each(['sentiment', 'host/sentiment:latest', 'host/Sentiment', 'https://host/sentiment', 'host/', ''])(
  'refuses "%s"',
  (address) => {
    expect(() => parseImageName(address)).toThrow(`"${address}", expected registry/repository without a tag`);
  },
);

test('of what a push answers, the digest is kept and the tag dropped', () => {
  expect(byDigest(`localhost:5000/sentiment:${commit}@${digest}`)).toBe(`localhost:5000/sentiment@${digest}`);
  expect(byDigest(`host/sentiment@${digest}`)).toBe(`host/sentiment@${digest}`);
  expect(() => byDigest('host/sentiment:1')).toThrow('expected a reference with a digest');
});
