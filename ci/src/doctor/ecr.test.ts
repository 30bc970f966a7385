import { afterEach, expect, test } from 'vitest';
import { type AwsAnswer, type AwsDouble, startAwsDouble } from '../world/testdata/aws_double.ts';
import { examineEcr } from './ecr.ts';

let aws: AwsDouble;
afterEach(() => aws.stop());

const caller = { account: '123456789012', arn: 'arn:aws:iam::123456789012:user/me' };
const host = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
const repository = (imageTagMutability: string): AwsAnswer => ({ body: { repositories: [{ imageTagMutability }] } });
const notFound: AwsAnswer = { status: 400, body: { __type: 'RepositoryNotFoundException' } };

test.each([
  [repository('IMMUTABLE'), /its tags are immutable/],
  [repository('MUTABLE'), /its tags are MUTABLE, the next release makes them immutable/],
  [notFound, /the first release makes it/],
])('a repository that is there, or is not yet: %o', async (answer, what) => {
  aws = await startAwsDouble(() => answer);
  const findings = await examineEcr(aws.clients, `${host}/sentiment`, caller);
  expect(findings.at(-1)?.what).toMatch(what);
  expect(findings.filter(({ problem }) => problem)).toEqual([]);
});

test.each([
  [`${host.replace('9012', '9013')}/sentiment`, /in account 123456789013, the credentials are of 123456789012/],
  [`${host.replace('9012', '901')}/sentiment`, /12345678901 has 11 digits/],
  [`${host.replace('eu-central-1', 'us-east-1')}/sentiment`, /in us-east-1, the release works in eu-central-1/],
  [`${host}/sentiment:latest`, /without a tag/],
  [`${host}/Sentiment`, /without a tag/],
])('of %s says what is wrong before ECR is asked', async (image, problem) => {
  aws = await startAwsDouble(() => notFound);
  const [finding] = await examineEcr(aws.clients, image, caller);
  expect(finding.problem).toMatch(problem);
  expect(aws.actions()).toEqual([]);
});

test("another registry is none of ECR's business", async () => {
  aws = await startAwsDouble(() => notFound);
  expect((await examineEcr(aws.clients, 'ghcr.io/me/sentiment'))[0].what).toContain('its registry is not ECR');
});

test('what ECR refuses is a finding', async () => {
  aws = await startAwsDouble(() => ({ status: 400, body: { __type: 'AccessDeniedException', message: 'no' } }));
  expect((await examineEcr(aws.clients, `${host}/sentiment`, caller)).at(-1)?.problem).toBe(
    'AccessDeniedException: no',
  );
});
