/**
 * A release from ECR on a real Kubernetes: the node pulls from the registry behind moto's ECR under ECR's own names, and the
 * contents of ECR explain what the kubelet cannot.
 */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeApplier } from '../ci/src/deploy/apply.ts';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { describeDiagnosis, diagnose } from '../ci/src/deploy/diagnose.ts';
import { givenKubeConfig } from '../ci/src/deploy/kubeconfig.ts';
import type { Manifest } from '../ci/src/deploy/manifest.ts';
import { describeOutcome } from '../ci/src/deploy/report.ts';
import { examineCluster } from '../ci/src/doctor/eks.ts';
import { ecrExplainer } from '../ci/src/ecr/explain.ts';
import { prepareRepository } from '../ci/src/ecr/repository.ts';
import type { ExplainImage } from '../ci/src/image_name.ts';
import { nodeArchitectures } from '../ci/src/kubernetes/nodes.ts';
import { type Cluster, startCluster, type TestNamespace } from './support/cluster.ts';
import { appManifests, appName, imagesOf, look } from './support/deploy.ts';
import { need } from './support/need.ts';
import { type EcrLab, startEcr } from './support/registry_ecr.ts';

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const WRONG_HOST = HOST.replace('123456789012', '210987654321');
const quick = { container: { lifecycle: { preStop: { sleep: { seconds: 0 } } } } };

describe.skipIf(!need('rig') || !need('moto'))('a release from ECR', () => {
  let cluster: Cluster;
  let namespace: TestNamespace;
  let ecr: EcrLab;
  let kubeConfig: ReturnType<typeof givenKubeConfig>;
  let explainImage: ExplainImage;
  let right: string;
  let wrong: string;

  beforeAll(async () => {
    cluster = await startCluster();
    kubeConfig = signIn();
    namespace = await cluster.namespace();
    const { password, forbidden } = cluster.registries();
    ecr = await startEcr(password.host);
    const { username: user, password: token } = ecr.login;
    cluster.serveAs(HOST, password, { user, password: token });
    cluster.serveAs(WRONG_HOST, forbidden);
    await prepareRepository(ecr.clients, { name: 'app' });
    const digest = await ecr.push('app', 'v1', 'v1', { layers: await cluster.appLayers(), entrypoint: ['/app'] });
    [right, wrong] = [HOST, WRONG_HOST].map((host) => `${host}/app@${digest}`);
    explainImage = ecrExplainer({
      clients: ecr.clients,
      registryHost: ecr.login.host,
      nodeArchitectures: () => nodeArchitectures(kubeConfig),
    });
  });
  afterAll(async () => {
    await namespace?.remove();
    await ecr?.stop();
    await cluster?.stop();
  });

  const signIn = () => givenKubeConfig(readFileSync(cluster.kubeconfig, 'utf8'));
  const release = (image: string) =>
    deploy({ kubeConfig, manifests: appManifests(namespace.name, quick), image, explainImage });

  test('is pulled by its digest and serves', async () => {
    const outcome = await release(right);
    expect(describeOutcome(outcome)).toContain(right);
    expect(outcome.state).toBe('deployed');
  });

  test('with a wrong account is refused before anything changes, with both names and the part that differs', async () => {
    const outcome = await release(wrong);
    expect(outcome.state).toBe('refused');
    const text = describeOutcome(outcome);
    for (const words of [wrong, right, 'account', '210987654321', '123456789012']) expect(text).toContain(words);
    expect(imagesOf(await look(kubeConfig, namespace.name))).toEqual([right]);
  });

  test('that others have changed to a wrong account is diagnosed with the right name and the command', async () => {
    const { name } = namespace;
    const deployment = appManifests(name, quick).find(({ kind }) => kind === 'Deployment');
    await makeApplier(kubeConfig, 'somebody').apply(withImage(deployment!, wrong));
    const state = async () => (await diagnose({ kubeConfig, namespace: name, name: appName, explainImage })).state;
    await expect.poll(state, { timeout: 60_000, interval: 500 }).toBe('unhealthy');
    const found = await diagnose({ kubeConfig, namespace: name, name: appName, explainImage });
    expect(found.verdict?.cause).toBe('image-forbidden');
    expect(found.verdict?.headline).toContain(`account 210987654321 instead of 123456789012, where ${right} exists`);
    expect(found.verdict?.next).toBe(`kubectl -n ${name} set image deployment/${appName} app=${right}`);
    expect(describeDiagnosis(found)).toContain('ECR of account 123456789012');
  });

  test('is examined by doctor: who is signed in, and which rights a release has', async () => {
    const rights = [{ group: 'apps', resource: 'deployments', verbs: ['patch'] }];
    const findings = await examineCluster(kubeConfig, { namespace: namespace.name, rights });
    expect(findings.map(({ problem }) => problem)).toEqual([undefined, undefined]);
    const stranger = signIn();
    stranger.users = stranger.users.map((user) => ({ ...user, impersonateUser: 'stranger' }));
    const [signedIn, denied] = await examineCluster(stranger, { namespace: namespace.name, rights });
    expect(signedIn.what).toContain('signed in as stranger');
    expect(denied.problem).toBe('denied: patch deployments.apps');
    const nobody = signIn();
    nobody.users = nobody.users.map(({ name }) => ({ name, token: 'nonsense' }));
    const [refused] = await examineCluster(nobody, { namespace: namespace.name, rights });
    expect(refused.problem).toBe('401: the API server does not accept our credentials');
  });
});

function withImage(deployment: Manifest, image: string): Manifest {
  const text = JSON.stringify(deployment).replace('set-by-the-release.invalid/app', image);
  return JSON.parse(text);
}
