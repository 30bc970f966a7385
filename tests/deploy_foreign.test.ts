/** The deployer as others have it: the packed package, from another repository, for an application that is not ours. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseImage } from '../ci/src/image_name.ts';
import { signImage } from '../ci/src/supply/signature.ts';
import { type Cluster, type PushedImage, startCluster, type TestNamespace } from './support/cluster.ts';
import { imagesOf, kubeConfigOf, look } from './support/deploy.ts';
import { need } from './support/need.ts';
import { type Finished, start } from './support/process.ts';

/** A shop: two Deployments, a pod of two containers, no namespace anywhere. */
const manifests = (image: string) => `
apiVersion: v1
kind: Service
metadata: { name: front }
spec:
  selector: { part: front }
  ports: [{ port: 80, targetPort: web }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: front }
spec:
  selector: { matchLabels: { part: front } }
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  template:
    metadata: { labels: { part: front } }
    spec:
      terminationGracePeriodSeconds: 3
      containers:
        - name: web
          image: given-by-the-release.invalid/front
          ports: [{ name: web, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /health/ready, port: web }, periodSeconds: 1 }
        - { name: helper, image: "${image}" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: worker }
spec:
  selector: { matchLabels: { part: worker } }
  template:
    metadata: { labels: { part: worker } }
    spec:
      terminationGracePeriodSeconds: 3
      containers: [{ name: worker, image: "${image}" }]
`;

describe.skipIf(!need('rig'))('the package in another repository', () => {
  let cluster: Cluster;
  let namespace: TestNamespace;
  let folder: string;
  let shop: string;
  let v1: PushedImage;
  /** A program that waits. */
  let helper: string;

  beforeAll(async () => {
    cluster = await startCluster();
    namespace = await cluster.namespace();
    v1 = await cluster.pushApp('v1');
    helper = `${cluster.registries().open.host}/pause:1`;
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'foreign-')));
    shop = join(folder, 'shop');
    mkdirSync(join(shop, 'deploy/k8s'), { recursive: true });
    writeFileSync(join(shop, 'deploy/k8s/all.yaml'), manifests(helper));
    writeFileSync(join(shop, 'package.json'), '{ "name": "shop", "private": true }');
    const script = resolve(import.meta.dirname, '../scripts/package.ts');
    const tarball = execFileSync(process.execPath, [script, folder], { encoding: 'utf8' }).trim();
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: shop, env: env() });
  });
  afterAll(async () => {
    await namespace?.remove();
    await cluster?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const env = () => ({
    ...process.env,
    HOME: shop,
    npm_config_cache: join(folder, 'cache'),
    npm_config_loglevel: 'error',
  });

  function rollout(...args: string[]): Promise<Finished> {
    const own = ['--kubeconfig', cluster.kubeconfig, '--namespace', namespace.name, '--name', 'front'];
    return start('npx', ['--offline', 'explained-rollout', ...args, ...own], { cwd: join(shop, 'deploy'), env: env() })
      .ended;
  }
  const release = (image: string, ...more: string[]) =>
    rollout('deploy', '--manifests', 'k8s', '--container', 'web', '--image', image, ...more);

  test('deploys its application, explains what is wrong with the next release, and goes back', async () => {
    const kubeConfig = kubeConfigOf(cluster.kubeconfig);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(shop, 'release.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const signed = ['--verify-key', '../release.pub'];
    const unsigned = await release(v1.byDigest, ...signed);
    expect(unsigned, unsigned.stderr).toMatchObject({ code: 3 });
    expect(unsigned.stdout).toMatch(/nothing was changed: .* has no signature \(IMAGE_UNSIGNED\)/);

    const { registry, repository, digest = '' } = parseImage(v1.byDigest)!;
    const login = { host: `http://${registry}`, username: '', password: '' };
    await signImage(login, { registry, repository, digest }, privateKey);
    const first = await release(v1.byDigest, ...signed);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(first.stderr).toContain(`the signature of ${digest} is by the key given`);
    expect(first.stdout).toContain(`${namespace.name}/front serves ${v1.byDigest}`);
    expect(first.stdout).toContain('Service front, port 80: GET /health/ready answers 200');
    expect(imagesOf(await look(kubeConfig, namespace.name, 'front'))).toEqual([v1.byDigest, helper]);
    expect(imagesOf(await look(kubeConfig, namespace.name, 'worker'))).toEqual([helper]);

    const missing = v1.byDigest.replace(/[0-9a-f]{64}$/, '0'.repeat(64));
    const second = await release(missing, '--patience', 'image-not-found=1');
    expect(second, second.stderr).toMatchObject({ code: 1 });
    expect(second.stdout).toContain(`cannot pull ${missing}: the registry has no such image`);
    expect(second.stdout).toContain(v1.byDigest);
    const [, page] = /more: (\S+)/.exec(second.stdout)!;
    expect(readFileSync(resolve(shop, 'deploy', page), 'utf8')).toMatch(/^# /);
    expect(imagesOf(await look(kubeConfig, namespace.name, 'front'))).toEqual([v1.byDigest, helper]);

    const found = await rollout('diagnose');
    expect(found).toMatchObject({ code: 0 });
    expect(found.stdout).toContain(`${namespace.name}/front is healthy`);
    expect(found.stdout).toContain('the last rollout failed at ');
  });
});
