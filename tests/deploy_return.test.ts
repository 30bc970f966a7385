/** What a failed release leaves behind: every object is as it was before, field by field, or the verdict names it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DeployOptions, deploy } from '../ci/src/deploy/deploy.ts';
import { diagnose } from '../ci/src/deploy/diagnose.ts';
import { annotations, type Manifest } from '../ci/src/deploy/manifest.ts';
import { describeOutcome, type Outcome } from '../ci/src/deploy/report.ts';
import { type Api, apiOf } from './support/cluster/api.ts';
import {
  type AppOptions,
  appManifests,
  appName,
  type Bed,
  imagesOf,
  kubeConfigOf,
  look,
  quick,
  useCluster,
} from './support/deploy.ts';
import { objectsIn } from './support/namespace_objects.ts';
import { need } from './support/need.ts';
import { start } from './support/process.ts';

const program = resolve(import.meta.dirname, '../ci/src/deploy/main.ts');
const one: AppOptions = { ...quick, replicas: 1 };

describe.skipIf(!need('cluster')).concurrent('after a release that fails', () => {
  let { cluster, kubeConfig, v1, missing, makeNamespace } = {} as Bed;
  let api: Api;
  useCluster((bed) => {
    ({ cluster, kubeConfig, v1, missing, makeNamespace } = bed);
    api = apiOf(cluster.kubeconfig);
  });

  /** As `kubectl apply` does it, by this manager. */
  async function byHand(objects: Manifest[], manager = 'kubectl-client-side-apply'): Promise<void> {
    for (const object of objects) {
      const answer = await api('POST', `${listPath(object)}?fieldManager=${manager}`, object);
      expect(answer.status, answer.body).toBeLessThan(300);
    }
  }

  async function patch(path: string, body: object, manager: string): Promise<void> {
    const call = apiOf(cluster.kubeconfig, { 'content-type': 'application/merge-patch+json' });
    const answer = await call('PATCH', `${path}?fieldManager=${manager}`, body);
    expect(answer.status, answer.body).toBe(200);
  }

  const everything = (namespace: string) => objectsIn(api, namespace);

  /** A namespace that somebody manages with kubectl: a Service, a Deployment with more than the manifest says, a policy. */
  async function begin(): Promise<string> {
    const namespace = await makeNamespace();
    const [service, deployment] = appManifests(namespace, one);
    await byHand([withImage(deployment, v1.byDigest), withPort(service, { name: 'web', port: 80, targetPort: 8080 })]);
    const app = `/apis/apps/v1/namespaces/${namespace}/deployments/${appName}`;
    await patch(app, { metadata: { labels: { team: 'search' } }, spec: { revisionHistoryLimit: 3 } }, 'kubectl-edit');
    await patch(
      `/api/v1/namespaces/${namespace}/services/${appName}`,
      { metadata: { labels: { team: 'search' } } },
      'kubectl-label',
    );
    const diagnosis = () => diagnose({ kubeConfig, namespace, name: appName });
    await expect.poll(async () => (await diagnosis()).state, { timeout: 60_000 }).toBe('healthy');
    return namespace;
  }

  /** Another port, a policy that lets nothing in, an autoscaler, a setting, and an image that does not exist. */
  function bad(namespace: string): Manifest[] {
    const [service, deployment] = appManifests(namespace, { ...one, spec: { revisionHistoryLimit: 7 } });
    return [
      Object.assign(withPort(service, { name: 'http', port: 8000, targetPort: 9090 }), {
        metadata: { ...service.metadata, labels: { team: 'other' } },
      }),
      deployment,
      ...addedTo(namespace),
    ];
  }

  test('every object is as it was before, field by field, and what the release created is gone', async () => {
    const namespace = await begin();
    const before = await everything(namespace);
    const lines: string[] = [];
    const onProgress = (line: string) => lines.push(line);
    const outcome = await deploy({ kubeConfig, manifests: bad(namespace), image: missing, onProgress });
    const returned = backFrom(outcome);
    expect(await everything(namespace)).toEqual(before);
    expect(returned.left).toEqual([]);
    expect(returned.answers).toEqual([`Service ${appName}, port 80: GET /health/ready answers 200`]);
    expect(describeOutcome(outcome)).toContain('Service app, port 80: GET /health/ready answers 200');
    expect(lines).toEqual(expect.arrayContaining(['removed: NetworkPolicy deny', 'restored: Service app']));
    // The owners are back as well: kubectl's next apply finds its own fields.
    const { body } = await api('GET', `/api/v1/namespaces/${namespace}/services/${appName}`);
    const managers = JSON.parse(body).metadata.managedFields.map(({ manager }: { manager: string }) => manager);
    expect(managers.sort()).toEqual(['kubectl-client-side-apply', 'kubectl-label']);
  });

  test('what the deployer has no right to remove or change back is named', async () => {
    const namespace = await begin();
    const weak = kubeConfigOf(cluster.kubeconfig);
    const rules = [
      ['apps', 'deployments', 'get', 'list', 'watch', 'create', 'patch'],
      ['apps', 'replicasets', 'list', 'watch'],
      ['', 'pods', 'list', 'watch'],
      ['', 'events', 'list', 'watch', 'create'],
      ['', 'configmaps', 'get', 'create', 'patch'],
      ['', 'services', 'get', 'create', 'patch'],
      ['networking.k8s.io', 'networkpolicies', 'get', 'create', 'patch'],
      ['autoscaling', 'horizontalpodautoscalers', 'get', 'list', 'create', 'patch'],
      ['coordination.k8s.io', 'leases', 'get', 'create', 'update'],
    ].map(([group, resource, ...verbs]) => ({ apiGroups: [group], resources: [resource], verbs }));
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
    const metadata = { name: 'weak', namespace };
    await byHand([
      Object.assign({ ...rbac, kind: 'Role', metadata }, { rules }),
      Object.assign(
        { ...rbac, kind: 'RoleBinding', metadata },
        {
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'weak' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'weak' }],
        },
      ),
    ]);
    weak.addAuthenticator({
      isAuthProvider: () => true,
      async applyAuthentication(_user: unknown, options: { headers?: object }) {
        options.headers = { ...options.headers, 'Impersonate-User': 'weak' };
      },
    });
    const outcome = await deploy({ kubeConfig: weak, manifests: bad(namespace), image: missing });
    const { left, answers } = backFrom(outcome);
    expect(left).toEqual([
      expect.stringMatching(
        /^ConfigMap settings: no right to; an administrator can: kubectl -n \S+ delete configmap settings$/,
      ),
      expect.stringContaining('HorizontalPodAutoscaler app: no right to'),
      expect.stringContaining('NetworkPolicy deny: no right to'),
    ]);
    expect(describeOutcome(outcome)).toContain('not as before: ConfigMap settings: no right to');
    expect(answers.join()).toContain('was not asked: no right to get services/proxy');
  });

  test('also when the deployer was killed on its way: the next one goes back to what the first one found', async () => {
    const namespace = await begin();
    const before = await everything(namespace);
    const folder = mkdtempSync(join(tmpdir(), 'return-'));
    try {
      for (const object of bad(namespace)) writeFileSync(join(folder, `${object.kind}.yaml`), JSON.stringify(object));
      const args = ['deploy', '--kubeconfig', cluster.kubeconfig, '--manifests', folder, '--image', missing];
      const running = start(process.execPath, [program, ...args, '--patience', 'image-not-found=600'], { cwd: folder });
      await running.prints('the registry has no such image');
      process.kill(running.pid, 'SIGKILL');
      const next = appManifests(namespace, one);
      backFrom(await deploy({ kubeConfig, manifests: next, image: missing }));
      expect(await everything(namespace)).toEqual(before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('fields that only an earlier kubectl apply set are gone after a release, and others are named', async () => {
    const namespace = await makeNamespace();
    const [service, deployment] = appManifests(namespace, {
      ...one,
      container: { ...one.container, env: [{ name: 'OLD', value: '1' }] },
    });
    await byHand([withImage(deployment, v1.byDigest), service]);
    await patch(
      `/apis/apps/v1/namespaces/${namespace}/deployments/${appName}`,
      { spec: { revisionHistoryLimit: 3 } },
      'kubectl-edit',
    );
    const lines: string[] = [];
    const release: DeployOptions = { kubeConfig, manifests: appManifests(namespace, one), image: v1.byDigest };
    const outcome = await deploy({ ...release, onProgress: (line) => lines.push(line) });
    expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
    const after = await look(kubeConfig, namespace);
    expect(after.deployment.spec?.template.spec?.containers[0].env).toBeUndefined();
    expect(after.deployment.spec?.revisionHistoryLimit).toBe(3);
    expect(lines).toContainEqual(
      'Deployment app loses what only an earlier kubectl apply set: spec.template.spec.containers[0].env',
    );
    expect(lines).toContainEqual(
      'Deployment app keeps what the manifest does not have: spec.revisionHistoryLimit (kubectl-edit)',
    );
  });

  test('nothing that ran no pod is on record as good', async () => {
    const namespace = await makeNamespace();
    const manifests = appManifests(namespace, one);
    expect(await deploy({ kubeConfig, manifests, image: v1.byDigest })).toMatchObject({ state: 'deployed' });
    const idle = appManifests(namespace, { ...quick, replicas: 0 });
    const refused = await deploy({ kubeConfig, manifests: idle, image: missing });
    expect(describeOutcome(refused)).toContain(
      'has 0 replicas, so nothing would show that this release can run (NOTHING_RUNS)',
    );
    const paused = await deploy({
      kubeConfig,
      manifests: appManifests(namespace, { ...one, spec: { paused: true } }),
      image: missing,
    });
    expect(describeOutcome(paused)).toContain('is paused, so nothing would show');
    expect(imagesOf(await look(kubeConfig, namespace))).toEqual([v1.byDigest]);

    const despite = { NOTHING_RUNS: 'scaled up tonight' };
    const outcome = await deploy({ kubeConfig, manifests: idle, image: missing, despite });
    expect(outcome).toMatchObject({ state: 'not proved', despite });
    expect(describeOutcome(outcome)).toMatch(
      /^applied, not proved .*has 0 replicas.*\n {2}passed NOTHING_RUNS, because: scaled up tonight$/s,
    );
    expect(await diagnose({ kubeConfig, namespace, name: appName })).toMatchObject({ state: 'unknown' });
    const good = (await look(kubeConfig, namespace)).deployment.metadata?.annotations?.[annotations.lastGood];
    // Scaled up again, the image that does not exist fails, and v1 is what it goes back to.
    const back = backFrom(await deploy({ kubeConfig, manifests, image: missing }));
    expect(back).toMatchObject({ image: v1.byDigest, replicaSet: good });
  });
});

function listPath({ apiVersion, kind, metadata }: Manifest): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/${metadata.namespace}/${kind.toLowerCase()}s`;
}

function addedTo(namespace: string): Manifest[] {
  const metadata = (name: string) => ({ name, namespace });
  return [
    Object.assign(
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: metadata('deny') },
      { spec: { podSelector: {}, policyTypes: ['Ingress'] } },
    ),
    Object.assign({ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('settings') }, { data: { LEVEL: 'info' } }),
    Object.assign(
      { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: metadata(appName) },
      {
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: appName },
          minReplicas: 1,
          maxReplicas: 3,
        },
      },
    ),
  ];
}

function withImage(object: Manifest, image: string): Manifest {
  const copy = structuredClone(object) as Manifest & {
    spec: { template: { spec: { containers: { image: string }[] } } };
  };
  for (const container of copy.spec.template.spec.containers) container.image = image;
  return copy;
}

function withPort(object: Manifest, port: object): Manifest {
  const { spec, ...rest } = structuredClone(object) as Manifest & { spec: object };
  return Object.assign(rest, { spec: { ...spec, ports: [port] } });
}

function backFrom(outcome: Outcome) {
  if (outcome.state !== 'rolled back') throw new Error(describeOutcome(outcome));
  return outcome.returned;
}
