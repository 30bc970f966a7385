import { ApiException, KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { clusterError, clusterProblem, describeError, podAnswer } from './api_error.ts';

const forbidden = JSON.stringify({
  kind: 'Status',
  message: 'pods is forbidden: User "release" cannot list resource "pods"',
});

test('a 401 is about credentials, a 403 about rights', () => {
  expect(clusterProblem(new ApiException(401, 'Unauthorized', undefined, {}))).toMatchObject({
    code: 'CLUSTER_401',
    next: expect.stringContaining('access entry'),
  });
  const denied = clusterProblem(new ApiException(403, 'Forbidden', forbidden, {}));
  expect(denied).toMatchObject({ code: 'CLUSTER_403', next: expect.stringContaining('bind a Role') });
  expect(denied.problem).toContain('User "release" cannot list resource "pods"');
});

test('finds the status of a watch in its own field', () => {
  expect(clusterProblem(Object.assign(new Error('Unauthorized'), { statusCode: 401 })).code).toBe('CLUSTER_401');
});

test('without an answer, gives the innermost reason', () => {
  const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 10.0.0.1:443') });
  expect(clusterProblem(error)).toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    problem: 'connect ECONNREFUSED 10.0.0.1:443',
  });
  const tls = new TypeError('fetch failed', { cause: new Error('unable to verify the first certificate') });
  expect(clusterProblem(tls).next).toContain('certificate authority');
});

test('the error names the server and shows no headers', () => {
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: 'https://c.example', skipTLSVerify: false }, { name: 'u' });
  const error = clusterError(config, new ApiException(403, 'Forbidden', forbidden, { authorization: 'Bearer t' }));
  expect(error.message).toContain('https://c.example');
  expect(error.message).not.toContain('Bearer');
});

test('shows the text of a proxy in between, but no page of HTML', () => {
  expect(describeError(new ApiException(503, 'x', 'upstream connect error\nmore', {}))).toBe('upstream connect error');
  expect(describeError(new ApiException(502, 'x', '<html>', {}))).toBe('the API server answered 502');
});

test("tells a pod's own answer from the API server's", () => {
  expect(podAnswer(new ApiException(503, 'x', 'not ready', {}))).toEqual({ status: 503, body: 'not ready' });
  expect(podAnswer(new ApiException(403, 'x', forbidden, {}))).toBeUndefined();
  expect(podAnswer(new Error('lost'))).toBeUndefined();
});
