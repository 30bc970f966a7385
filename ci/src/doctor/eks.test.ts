import { afterEach, expect, test } from 'vitest';
import { type AwsDouble, startAwsDouble } from '../aws/testdata/aws_double.ts';
import { examineEksVersions } from './eks.ts';

let aws: AwsDouble;
afterEach(() => aws.stop());

const now = new Date('2026-11-24T00:00:00Z');
/** Seconds since 1970, as the wire has dates. */
const day = (text: string) => Date.parse(`${text}T00:00:00Z`) / 1000;

test('reads all pages of supported versions', async () => {
  aws = await startAwsDouble(({ action }) => ({
    body: action.includes('nextToken=2')
      ? {
          clusterVersions: [
            { clusterVersion: '1.35', versionStatus: 'STANDARD_SUPPORT', endOfStandardSupportDate: day('2027-03-27') },
          ],
        }
      : { clusterVersions: [{ clusterVersion: '1.36', versionStatus: 'STANDARD_SUPPORT' }], nextToken: '2' },
  }));
  expect(await examineEksVersions(aws.clients, '1.35', now)).toEqual({
    what: 'Kubernetes 1.35 of eksctl.yaml: in standard support until 2027-03-27',
  });
  expect(await examineEksVersions(aws.clients, '1.34', now)).toMatchObject({
    problem: 'EKS does not support it',
    next: 'use a version in standard support: 1.35, 1.36',
  });
});

test('a refusal by EKS is no fault', async () => {
  aws = await startAwsDouble(() => ({ status: 403, body: { __type: 'AccessDeniedException', message: 'no' } }));
  expect(await examineEksVersions(aws.clients, '1.35', now)).toEqual({
    what: 'Kubernetes 1.35 of eksctl.yaml: EKS did not list the versions it supports (AccessDeniedException: no)',
  });
});
