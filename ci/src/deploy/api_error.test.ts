import { ApiException, KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { clusterError, clusterProblem } from './api_error.ts';

const forbidden = JSON.stringify({
  kind: 'Status',
  message: 'pods is forbidden: User "release" cannot list resource "pods"',
});

test('a 401 speaks of who we are, a 403 of what we may', () => {
  expect(clusterProblem(new ApiException(401, 'Unauthorized', undefined, {}))).toMatchObject({
    code: 'CLUSTER_401',
    next: expect.stringContaining('access entry'),
  });
  const denied = clusterProblem(new ApiException(403, 'Forbidden', forbidden, {}));
  expect(denied).toMatchObject({ code: 'CLUSTER_403', next: expect.stringContaining('bind the Role') });
  expect(denied.problem).toContain('User "release" cannot list resource "pods"');
});

test('a watch has its status in another field', () => {
  expect(clusterProblem(Object.assign(new Error('Unauthorized'), { statusCode: 401 })).code).toBe('CLUSTER_401');
});

test('without an answer, the innermost reason is told', () => {
  const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 10.0.0.1:443') });
  expect(clusterProblem(error)).toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    problem: 'connect ECONNREFUSED 10.0.0.1:443',
  });
  const tls = new TypeError('fetch failed', { cause: new Error('unable to verify the first certificate') });
  expect(clusterProblem(tls).next).toContain('certificate authority');
});

test('the error names the server and keeps headers out', () => {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: 'https://c.example', skipTLSVerify: false }, { name: 'u' });
  const error = clusterError(config, new ApiException(403, 'Forbidden', forbidden, { authorization: 'Bearer t' }));
  expect(error.message).toContain('https://c.example');
  expect(error.message).not.toContain('Bearer');
});
