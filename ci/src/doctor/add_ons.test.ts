import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type AwsAnswer, type AwsDouble, startAwsDouble } from '../aws/testdata/aws_double.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { examineAddOns, examineBalancerController } from './add_ons.ts';

let aws: AwsDouble | undefined;
afterEach(async () => {
  await aws?.stop();
  aws = undefined;
});

const listed = {
  addons: [
    {
      addonVersions: [
        { addonVersion: 'v1.20.1-eksbuild.3', compatibilities: [{ defaultVersion: false }] },
        { addonVersion: 'v1.19.2-eksbuild.1', compatibilities: [{ defaultVersion: true }] },
        { addonVersion: 'v1.18.0-eksbuild.1', compatibilities: [{ defaultVersion: false }] },
      ],
    },
  ],
};

async function examine(installed: AwsAnswer) {
  aws = await startAwsDouble(({ action }) => (action.includes('/clusters/') ? installed : { body: listed }));
  const [finding] = await examineAddOns(aws.clients, { cluster: 'c', version: '1.35', names: ['vpc-cni'] });
  return finding;
}
const installed = (addonVersion: string, status = 'ACTIVE', issues: object[] = []): AwsAnswer => ({
  body: { addon: { addonVersion, status, health: { issues } } },
});

test.each([
  [installed('v1.19.2-eksbuild.1'), { what: 'add-on vpc-cni v1.19.2-eksbuild.1: fits Kubernetes 1.35' }],
  [
    installed('v1.18.0-eksbuild.1'),
    {
      what: 'add-on vpc-cni v1.18.0-eksbuild.1; EKS installs v1.19.2-eksbuild.1 now (eksctl update addon -f eksctl.yaml)',
    },
  ],
  [
    installed('v1.12.0-eksbuild.1'),
    {
      what: 'add-on vpc-cni v1.12.0-eksbuild.1',
      problem: 'it does not fit Kubernetes 1.35',
      next: 'eksctl update addon -f eksctl.yaml',
    },
  ],
  [
    installed('v1.19.2-eksbuild.1', 'DEGRADED', [{ code: 'InsufficientNumberOfReplicas', message: 'no nodes' }]),
    expect.objectContaining({ problem: 'it is DEGRADED (InsufficientNumberOfReplicas: no nodes)' }),
  ],
  [
    { status: 404, body: { __type: 'ResourceNotFoundException', message: 'No addon' } },
    { what: 'add-on vpc-cni', problem: 'c does not have it', next: 'eksctl create addon -f eksctl.yaml' },
  ],
  [
    { status: 403, body: { __type: 'AccessDeniedException', message: 'no' } },
    {
      what: 'add-on vpc-cni: not checked (AccessDeniedException: no); the check needs eks:DescribeAddon and eks:DescribeAddonVersions',
    },
  ],
])('an add-on as EKS describes it: %j', async (answer, finding) => {
  expect(await examine(answer as AwsAnswer)).toEqual(finding);
});

test.each([
  [200, undefined],
  [404, 'the cluster does not have it'],
])('the kind of the load balancer controller, where the API server answers %i', async (status, problem) => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/apis/elbv2.k8s.aws/v1beta1' ? status : 500).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kubeConfig = new (kubernetes().KubeConfig)();
  const name = 'c';
  kubeConfig.loadFromOptions({
    clusters: [{ name, server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: true }],
    users: [{ name }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  try {
    expect((await examineBalancerController(kubeConfig)).problem).toBe(problem);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
