import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AwsClients } from '../aws/clients.ts';
import { readManifests } from '../deploy/manifest.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { announce, parseS3, targetsFile } from './address.ts';

test('the targets file has the format of Prometheus', () => {
  expect(JSON.parse(targetsFile(['a:80', 'b:80']))).toEqual([{ targets: ['a:80', 'b:80'] }]);
});

test('an S3 address needs a bucket and a key', () => {
  expect(parseS3('s3://a-bucket/monitoring/targets/sentiment.json')).toEqual({
    bucket: 'a-bucket',
    key: 'monitoring/targets/sentiment.json',
  });
  for (const uri of ['', 's3://bucket', 's3://bucket/', 's3://bucket/targets/', 'https://bucket/a.json']) {
    expect(() => parseS3(uri), uri).toThrow(/"expected|expected s3:/);
  }
});

test.each([
  [
    { 'sentiment-metrics': 'inside.example' },
    'inside.example',
    ['address: http://public.example:80/, and inside.example:80 '],
  ],
  [{}, 'public.example', ['address: http://public.example:80/, for Prometheus', 'its /metrics is on port 9090, which']],
])('Prometheus gets the address of the balancer before the metrics, beside %j', async (others, written, lines) => {
  const addresses: Record<string, string> = { sentiment: 'public.example', ...others };
  const server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1) ?? '';
    const status = { loadBalancer: { ingress: [{ hostname: addresses[name] }] } };
    const isThere = addresses[name] !== undefined;
    response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(isThere ? { metadata: { name }, spec: { ports: [{ port: 80 }] }, status } : { kind: 'Status' }),
    );
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
  const bodies: string[] = [];
  const s3 = { send: async ({ input }: { input: { Body: string } }) => bodies.push(input.Body) };
  const targets = { clients: { s3 } as unknown as AwsClients, object: { bucket: 'b', key: 'k.json' } };
  try {
    const manifests = await readManifests(join(import.meta.dirname, '../../../manifests/app'));
    const told = await announce({ kubeConfig, manifests }, { waitMs: 0, targets });
    expect(told).toEqual(lines.map((line) => expect.stringContaining(line)));
    expect(JSON.parse(bodies[0])).toEqual([{ targets: [expect.stringMatching(`^${written}`)] }]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
