import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byDigest,
  compareImages,
  ecrHost,
  editDistance,
  imageReference,
  imageTag,
  nearNames,
  parseImage,
  parseImageName,
} from './image_name.ts';

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
])('%s is parsed as by a container runtime', (name, registry, repository) => {
  expect(parseImage(`${name}:v1`)).toMatchObject({ registry, repository, tag: 'v1' });
});

test.each(['', 'Sentiment:v1', 'host.io/', 'host.io/a b', 'a@sha256:12', 'https://host.io/a', 'a:v1:v2'])(
  '"%s" is not a valid image name',
  (reference) => {
    expect(parseImage(reference)).toBeUndefined();
  },
);

test('a parsed reference can be put together again', () => {
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

test('two ECR names differ in account or region, others in the registry', () => {
  const [ours, theirs] = [parseImage(`${host}/a:1`)!, parseImage(`${host.replace('1234', '4321')}/a:1`)!];
  expect(compareImages(theirs, ours)).toEqual([{ part: 'account', found: '432156789012', expected: '123456789012' }]);
  expect(compareImages(parseImage('a:1')!, { ...ours, repository: 'library/a' })).toEqual([
    { part: 'registry', found: 'docker.io', expected: host },
  ]);
  expect(compareImages(ours, ours)).toEqual([]);
});

const commit = '0123456789abcdef0123456789abcdef01234567';

test('the tag is the commit, marked if the working tree differs from it', () => {
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
])('%s consists of a registry and a repository', (address, registry, repository) => {
  expect(parseImageName(address)).toEqual({ registry, repository });
});

test.each(['sentiment', 'host/sentiment:latest', 'host/Sentiment', 'https://host/sentiment', 'host/', ''])(
  'refuses "%s"',
  (address) => {
    expect(() => parseImageName(address)).toThrow(`"${address}", expected registry/repository without a tag`);
  },
);

test('a pushed reference keeps its digest and loses its tag', () => {
  expect(byDigest(`localhost:5000/sentiment:${commit}@${digest}`)).toBe(`localhost:5000/sentiment@${digest}`);
  expect(byDigest(`host/sentiment@${digest}`)).toBe(`host/sentiment@${digest}`);
  expect(() => byDigest('host/sentiment:1')).toThrow('expected a reference with a digest');
});

test('the nearest name comes first, and names that differ too much are left out', () => {
  expect(nearNames('sentimnet', ['payments', 'sentiment-api', 'sentiment'])[0]).toBe('sentiment');
  expect(nearNames('sentiment', ['payments-gateway', 'zzz'])).toEqual([]);
});

test('the beginning of a commit finds the commit', () => {
  const commits = ['0123456789abcdef0123456789abcdef01234567', 'f00df00df00df00df00df00df00df00df00df00d'];
  expect(nearNames('0123456', commits)).toEqual([commits[0]]);
});

test('counts letters inserted, deleted and replaced', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
});

test('the edit distance is a metric: zero only to itself, symmetric, and never longer through a third word', () => {
  const word = fc.stringMatching(/^[abc]{0,8}$/);
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
});
