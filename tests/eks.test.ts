/** Access to EKS: a cluster described by moto, and an endpoint that checks tokens by the rules of the real one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AwsClients, awsClients } from '../ci/src/aws/clients.ts';
import { authenticator, describeEks, eksKubeConfig, nodeRoles } from '../ci/src/aws/eks.ts';
import { eksTokenSource } from '../ci/src/aws/eks_token.ts';
import { type AwsDouble, startAwsDouble } from '../ci/src/aws/testdata/aws_double.ts';
import { givenKubeConfig } from '../ci/src/deploy/kubeconfig.ts';
import { signedIn } from '../ci/src/deploy/rights.ts';
import { examineCluster, examineEks } from '../ci/src/doctor/eks.ts';
import { clusterProblem } from '../ci/src/kubernetes/api_error.ts';
import { type EksEndpoint, startEksEndpoint } from './support/eks_endpoint.ts';
import { askMoto, type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';

const ACCOUNT = '123456789012';
const MINUTE = 60_000;
const json = { 'content-type': 'application/json' };
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;

describe.skipIf(!need('moto'))('EKS against moto', () => {
  let moto: MotoServer;
  let clients: AwsClients;

  beforeAll(async () => {
    moto = await startMoto();
    const credentials = { kind: 'keys', accessKeyId: 'test', secretAccessKey: 'test' } as const;
    clients = awsClients({ region: 'us-east-1', endpoint: moto.uri, credentials });
    await createCluster('production');
  });
  afterAll(async () => {
    clients?.destroy();
    await moto?.stop();
  });

  const createCluster = (name: string) =>
    askMoto(moto, 'eks', json, '/clusters', { name, version: '1.35', roleArn: role('eks'), resourcesVpcConfig: {} });

  test('a cluster has a version, an endpoint and an authority', async () => {
    expect(await describeEks(clients, 'production')).toMatchObject({
      version: '1.35',
      status: 'ACTIVE',
      arn: `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/production`,
      endpoint: expect.stringMatching(/^https:\/\/.*us-east-1\.eks\.amazonaws\.com/),
    });
  });

  test('a missing cluster has a code of its own', async () => {
    await expect(describeEks(clients, 'prodution')).rejects.toThrow(
      /the cluster prodution does not exist in us-east-1 \(EKS_NO_CLUSTER\)/,
    );
  });

  test('the roles of the nodes are those of the node groups, each once', async () => {
    for (const nodegroupName of ['a', 'b']) {
      const group = { nodegroupName, nodeRole: role('nodes'), subnets: ['subnet-1'] };
      await askMoto(moto, 'eks', json, '/clusters/production/node-groups', group);
    }
    expect(await nodeRoles(clients, 'production')).toEqual([role('nodes')]);
  });

  test('a role is assumed with keys and with a web identity token', async () => {
    const access = { region: 'us-east-1', endpoint: moto.uri };
    const onTop = clients.withRole(role('release'));
    expect((await onTop.caller()).arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/release/sentiment-pipeline`);
    const web = awsClients({ ...access, credentials: { kind: 'web-identity', token: 'jwt', roleArn: role('ci') } });
    expect((await web.caller()).arn).toContain('assumed-role/ci/');
    expect((await web.inRegion('eu-west-1').caller()).arn).toContain('assumed-role/ci/');
  });

  test('STS answers the request in the token with the identity that signed it', async () => {
    const token = await eksTokenSource({ cluster: 'c', region: 'us-east-1', identity: clients.identity })();
    const url = new URL(Buffer.from(token.replace('k8s-aws-v1.', ''), 'base64url').toString());
    // Moto finds the signer only in a header; the real STS reads it from the address.
    const authorization = `AWS4-HMAC-SHA256 Credential=${url.searchParams.get('X-Amz-Credential')}, SignedHeaders=host, Signature=0`;
    const answer = await fetch(`${moto.uri}/${url.search}`, { headers: { 'x-k8s-aws-id': 'c', authorization } });
    expect(await answer.text()).toContain(`<Account>${ACCOUNT}</Account>`);
  });

  test('doctor finds a wrong version and a missing cluster', async () => {
    const wanted = { name: 'production', version: '1.36', namespace: 'n', rights: [], addOns: [] };
    expect((await examineEks(clients, wanted))[0]).toMatchObject({
      what: 'cluster production: Kubernetes 1.35, ACTIVE',
      problem: 'eksctl.yaml has 1.36',
      next: expect.stringContaining('eksctl upgrade cluster'),
    });
    expect(await examineEks(clients, { ...wanted, name: 'gone' })).toEqual([
      { what: 'cluster gone', problem: 'the cluster gone does not exist in us-east-1', next: expect.any(String) },
    ]);
  });
});

describe.skipIf(!need('openssl'))('the token at an endpoint', () => {
  const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
  let endpoint: EksEndpoint;
  let aws: AwsDouble;
  let now: number;

  beforeEach(async () => {
    now = Date.now();
    endpoint = await startEksEndpoint({ cluster: 'sentiment', secretAccessKey: keys.secretAccessKey, now: () => now });
    const cluster = { name: 'sentiment', status: 'ACTIVE', version: '1.35', endpoint: endpoint.url };
    const certificateAuthority = { data: endpoint.caData };
    aws = await startAwsDouble(() => ({ body: { cluster: { ...cluster, certificateAuthority } } }));
  });
  afterEach(async () => {
    await aws?.stop();
    await endpoint?.stop();
  });

  test('signs in with only the cluster name, with one token for many requests', async () => {
    const config = await eksKubeConfig(aws.clients, 'sentiment');
    expect(await signedIn(config)).toEqual({ username: 'release', groups: ['g'] });
    await Promise.all([signedIn(config), signedIn(config)]);
    expect(endpoint.tokens()).toHaveLength(1);
  });

  test('signs in with a kubeconfig that calls aws', async () => {
    const text = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'x',
      clusters: [{ name: 'c', cluster: { server: endpoint.url, 'certificate-authority-data': endpoint.caData } }],
      users: [
        { name: 'u', user: { exec: { command: 'aws', args: ['eks', 'get-token', '--cluster-name', 'sentiment'] } } },
      ],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    });
    expect((await signedIn(givenKubeConfig(text, { clients: aws.clients }))).username).toBe('release');
  });

  test('is renewed before the server would refuse it', async () => {
    const config = await eksKubeConfig(aws.clients, 'sentiment');
    const user = 'on a clock';
    const source = { cluster: 'sentiment', region: 'eu-central-1', identity: async () => keys, now: () => now };
    config.addAuthenticator(authenticator(user, eksTokenSource(source)));
    config.users = [{ name: user }];
    config.contexts = config.contexts.map((context) => ({ ...context, user }));
    for (let minute = 0; minute <= 60; minute += 2) {
      await signedIn(config);
      now += 2 * MINUTE;
    }
    // Thirteen minutes each.
    expect(endpoint.tokens()).toHaveLength(5);
  });

  test('a token for another cluster gives a 401, a missing right a 403', async () => {
    const other = await startAwsDouble(() => ({
      body: { cluster: { endpoint: endpoint.url, certificateAuthority: { data: endpoint.caData } } },
    }));
    try {
      const config = await eksKubeConfig(other.clients, 'production');
      await expect(signedIn(config)).rejects.toThrow(/CLUSTER_401\)\n.*does not accept our credentials/);
    } finally {
      await other.stop();
    }
    const config = await eksKubeConfig(aws.clients, 'sentiment');
    const [signIn, rights] = await examineCluster(config, {
      namespace: 'n',
      rights: [{ group: '', resource: 'pods', verbs: ['list'] }],
    });
    expect(signIn.what).toBe(`endpoint ${endpoint.url}: signed in as release (g)`);
    expect(rights.problem).toBe('403: signed in, but not allowed: pods is forbidden: User "release" cannot list them');
  });

  test('a certificate of another authority is reported as such', async () => {
    const config = await eksKubeConfig(aws.clients, 'sentiment');
    config.clusters = config.clusters.map((cluster) => ({ ...cluster, caData: undefined }));
    const error: unknown = await signedIn(config).catch((error: unknown) => error);
    expect(clusterProblem(error)).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      next: expect.stringContaining('authority'),
    });
  });

  test('an unreachable endpoint is reported with its address', async () => {
    const config = await eksKubeConfig(aws.clients, 'sentiment');
    await endpoint.stop();
    const [finding] = await examineCluster(config, { namespace: 'n', rights: [] });
    expect(finding.problem).toContain('ECONNREFUSED');
  });
});
