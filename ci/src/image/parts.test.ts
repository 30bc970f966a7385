import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareImages, ecrHost, imageReference, parseImage } from './parts.ts';

const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const digest = `sha256:${'ab'.repeat(32)}`;

test('an ECR name has account, region, repository, tag and digest', () => {
  expect(parseImage(`${host}/team/sentiment:v1@${digest}`)).toEqual({
    registry: host,
    account: '123456789012',
    region: 'eu-central-1',
    repository: 'team/sentiment',
    tag: 'v1',
    digest,
  });
});

test.each([
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['123456789012.dkr-ecr.eu-west-1.on.aws', 'eu-west-1'],
  ['123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1'],
  ['123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
])('%s is ECR', (registry, region) => {
  expect(ecrHost(registry)).toEqual({ account: '123456789012', region });
});

test.each(['public.ecr.aws', 'ghcr.io', `${host}.example.com`, `evil-${host}`])('%s is not ECR', (registry) => {
  expect(ecrHost(registry)).toBeUndefined();
});

test.each([
  ['sentiment', 'docker.io', 'library/sentiment'],
  ['team/sentiment', 'docker.io', 'team/sentiment'],
  ['localhost/sentiment', 'localhost', 'sentiment'],
  ['127.0.0.1:5000/sentiment', '127.0.0.1:5000', 'sentiment'],
])('%s is read as a container runtime reads it', (name, registry, repository) => {
  expect(parseImage(`${name}:v1`)).toMatchObject({ registry, repository, tag: 'v1' });
});

test.each(['', 'Sentiment:v1', 'host.io/', 'host.io/a b', 'a@sha256:12', 'https://host.io/a', 'a:v1:v2'])(
  '"%s" is no image name',
  (reference) => {
    expect(parseImage(reference)).toBeUndefined();
  },
);

test('what was taken apart is put together again', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined });
  const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('/'));
  fc.assert(
    fc.property(path, tag, fc.boolean(), (repository, name, isByDigest) => {
      const reference = `${host}/${repository}${name ? `:${name}` : ''}${isByDigest ? `@${digest}` : ''}`;
      const parts = parseImage(reference);
      expect(parts).toMatchObject({ repository, tag: name });
      expect(parts && imageReference(parts)).toBe(reference);
    }),
  );
});

test('of two ECR names account and region differ, of others the registry', () => {
  const [ours, theirs] = [parseImage(`${host}/a:1`)!, parseImage(`${host.replace('1234', '4321')}/a:1`)!];
  expect(compareImages(theirs, ours)).toEqual([{ part: 'account', found: '432156789012', expected: '123456789012' }]);
  expect(compareImages(parseImage('a:1')!, { ...ours, repository: 'library/a' })).toEqual([
    { part: 'registry', found: 'docker.io', expected: host },
  ]);
  expect(compareImages(ours, ours)).toEqual([]);
});
