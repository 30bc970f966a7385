/** What a schema cannot check in manifests/: whether the files fit each other, the service, its image and the release. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { describeSettings, readConfig } from '../../service/config.ts';
import { ENDPOINTS } from '../../service/labels.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
/** All documents of a file; a duplicate key is an error. */
function documents(path: string): unknown[] {
  return parseAllDocuments(read(path)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
}

const labels = z.record(z.string(), z.string());
const selector = z.object({ matchLabels: labels });
const meta = z.looseObject({ name: z.string(), namespace: z.literal('sentiment'), labels: labels.optional() });
const named = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: meta });

const probe = z.object({
  httpGet: z.object({ path: z.enum(ENDPOINTS), port: z.literal('http') }),
  periodSeconds: z.number(),
  timeoutSeconds: z.number(),
  failureThreshold: z.number(),
});
const amount = z.object({ cpu: z.string(), memory: z.string(), 'ephemeral-storage': z.string() });
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  ports: z.tuple([
    z.object({ name: z.literal('http'), containerPort: z.number() }),
    z.object({ name: z.literal('metrics'), containerPort: z.number() }),
  ]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
  lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  resources: z.object({ requests: amount, limits: amount }),
});
const pod = z.looseObject({
  serviceAccountName: z.string(),
  securityContext: z.looseObject({ runAsUser: z.number(), runAsGroup: z.number() }),
  terminationGracePeriodSeconds: z.number(),
  topologySpreadConstraints: z.array(z.looseObject({ labelSelector: selector })),
  containers: z.tuple([container]),
});

const deployment = z
  .object({
    metadata: meta,
    spec: z.looseObject({
      replicas: z.number(),
      selector,
      minReadySeconds: z.number(),
      progressDeadlineSeconds: z.number(),
      template: z.object({ metadata: z.object({ labels, annotations: labels }), spec: pod }),
    }),
  })
  .parse(documents('manifests/app/4-deployment.yaml')[0]);
const service = z
  .object({
    metadata: meta.extend({ annotations: labels }),
    spec: z.looseObject({
      selector: labels,
      ports: z.tuple([z.looseObject({ port: z.number(), targetPort: z.literal('http') })]),
    }),
  })
  .parse(documents('manifests/app/3-service.yaml')[0]);
const budget = z
  .object({ spec: z.looseObject({ maxUnavailable: z.number(), selector }) })
  .parse(documents('manifests/app/5-disruption-budget.yaml')[0]);
const policy = z
  .object({
    spec: z.looseObject({
      podSelector: selector,
      ingress: z.tuple([z.object({ ports: z.array(z.looseObject({ port: z.number() })) })]),
    }),
  })
  .parse(documents('manifests/app/2-network-policy.yaml')[0]);
const autoscaler = z
  .object({
    spec: z.looseObject({
      scaleTargetRef: z.object({ apiVersion: z.string(), kind: z.string(), name: z.string() }),
      minReplicas: z.number(),
    }),
  })
  .parse(documents('manifests/app/6-autoscaler.yaml')[0]);
const rule = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});
const [role, binding] = documents('manifests/cluster/2-deployer.yaml');
const { rules } = z.looseObject({ rules: z.array(rule) }).parse(role);

/** What each release applies, and what an administrator applies once. */
const app = [
  '1-service-account',
  '2-network-policy',
  '3-service',
  '4-deployment',
  '5-disruption-budget',
  '6-autoscaler',
].map((name) => `manifests/app/${name}.yaml`);
const cluster = ['1-namespace', '2-deployer', '3-deployer-sees-nodes'].map((name) => `manifests/cluster/${name}.yaml`);

const template = deployment.spec.template;
const [served] = template.spec.containers;
const env = Object.fromEntries(served.env.map(({ name, value }) => [name, value]));
/** The Deployment's settings as the service reads them. */
const config = readConfig(env);
const preStop = served.lifecycle.preStop.sleep.seconds;

function may(verb: string, group: string, resource: string): boolean {
  return rules.some(
    ({ apiGroups, resources, verbs }) =>
      apiGroups.includes(group) && resources.includes(resource) && verbs.includes(verb),
  );
}

test('the release may create and change every kind in app/, in one namespace, and nothing in cluster/', () => {
  const plural = (kind: string) => kind.toLowerCase().replace(/y$/, 'ie').concat('s');
  const group = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '');
  const allowed = (object: { apiVersion: string; kind: string }) =>
    ['get', 'create', 'patch'].map((verb) => may(verb, group(object.apiVersion), plural(object.kind)));
  for (const object of app.flatMap(documents).map((each) => named.parse(each))) {
    expect(allowed(object), object.kind).toEqual([true, true, true]);
  }
  const kind = z.looseObject({ apiVersion: z.string(), kind: z.string() });
  for (const object of cluster.flatMap(documents).map((each) => kind.parse(each))) {
    expect(allowed(object), object.kind).toEqual([false, false, false]);
  }
});

test('what the release may change has a name, except what gets a new one with each release', () => {
  const changing = rules.filter(({ verbs }) => verbs.some((verb) => !['list', 'watch'].includes(verb)));
  const unnamed = changing.filter(({ resourceNames }) => !resourceNames);
  expect(unnamed.map(({ resources, verbs }) => `${resources}: ${verbs}`)).toEqual([
    'leases: create',
    'pods/log: get',
    'pods/proxy: get',
    'events: list,watch,create',
  ]);
  const [port] = service.spec.ports;
  expect(rules.find(({ resources }) => resources.includes('services/proxy'))?.resourceNames).toEqual([
    `${service.metadata.name}:${port.port}`,
  ]);
});

test('the figures have a port of their own, which no Service leads to', () => {
  const [http, metrics] = served.ports;
  expect([config.port, config.metricsPort]).toEqual([http.containerPort, metrics.containerPort]);
  expect(template.metadata.annotations['prometheus.io/port']).toBe(String(metrics.containerPort));
  expect(service.spec.ports.map(({ targetPort }) => targetPort)).toEqual([http.name]);
  const [beside] = documents('manifests/metrics/1-service.yaml');
  expect(beside).toMatchObject({
    metadata: {
      name: `${service.metadata.name}-metrics`,
      annotations: { 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal' },
    },
    spec: { ports: [{ targetPort: metrics.name }], selector: service.spec.selector },
  });
  expect(read('monitoring/prometheus.kubernetes.yml')).toMatch(/port_name\]\n +action: keep\n +regex: metrics\n/);
});

test('the policy opens the ports of the container, by their numbers', () => {
  expect(policy.spec.ingress[0].ports.map(({ port }) => port)).toEqual(
    served.ports.map(({ containerPort }) => containerPort),
  );
});

test('the kustomization has every object of app/, and adds the recommended labels to no selector', () => {
  const { resources, labels } = parse(read('manifests/kustomization.yaml'));
  expect(resources.map((path: string) => `manifests/${path}`)).toEqual(app);
  expect(labels).toEqual([
    {
      includeSelectors: false,
      includeTemplates: true,
      pairs: {
        'app.kubernetes.io/instance': 'sentiment',
        'app.kubernetes.io/version': JSON.parse(read('package.json')).version,
        'app.kubernetes.io/managed-by': 'kustomize',
      },
    },
  ]);
});

test('the release may not extend its own permissions, read secrets or run commands in a pod', () => {
  const all = rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]);
  for (const word of ['*', 'secrets', 'pods/exec', 'roles', 'rolebindings', 'bind', 'escalate', 'impersonate']) {
    expect(all).not.toContain(word);
  }
});

test('the Role belongs to the group that eksctl.yaml gives to the role of the release', () => {
  const { kubernetesGroups } = z
    .object({
      accessConfig: z.looseObject({
        accessEntries: z.tuple([z.looseObject({ kubernetesGroups: z.array(z.string()) })]),
      }),
    })
    .parse(parse(read('eksctl.yaml'))).accessConfig.accessEntries[0];
  const { subjects, roleRef } = z
    .looseObject({
      subjects: z.array(z.looseObject({ name: z.string() })),
      roleRef: z.looseObject({ name: z.string() }),
    })
    .parse(binding);
  expect(subjects.map(({ name }) => name)).toEqual(kubernetesGroups);
  expect(roleRef.name).toBe(named.parse(role).metadata.name);
});

test('every selector finds the pods of the Deployment', () => {
  const wanted = deployment.spec.selector.matchLabels;
  expect(template.metadata.labels).toMatchObject(wanted);
  expect(service.spec.selector).toEqual(wanted);
  expect(budget.spec.selector.matchLabels).toEqual(wanted);
  expect(policy.spec.podSelector.matchLabels).toEqual(wanted);
  for (const { labelSelector } of template.spec.topologySpreadConstraints) {
    expect(labelSelector.matchLabels).toEqual(wanted);
  }
  const { name } = deployment.metadata;
  expect(autoscaler.spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name });
  expect(template.spec.serviceAccountName).toBe(named.parse(documents(app[0])[0]).metadata.name);
});

test('the service listens where Kubernetes, the load balancer and Prometheus look for it', () => {
  expect(config.host).toBe('0.0.0.0');
  expect(served.ports[0].containerPort).toBe(config.port);
  expect(template.metadata.annotations).toEqual({
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': String(config.metricsPort),
    'prometheus.io/path': '/metrics' satisfies (typeof ENDPOINTS)[number],
  });
});

test('every variable is one that the service reads', () => {
  const known = describeSettings()
    .split('\n')
    .map((line) => line.trim().split(/\s/)[0]);
  expect(known).toEqual(expect.arrayContaining(Object.keys(env)));
});

test('a draining pod gets no predictions, and is not killed for draining', () => {
  expect(served.readinessProbe.httpGet.path).toBe('/readyz');
  expect(service.metadata.annotations['service.beta.kubernetes.io/aws-load-balancer-healthcheck-path']).toBe('/readyz');
  expect(served.startupProbe.httpGet.path).toBe('/healthz');
  expect(served.livenessProbe.httpGet.path).toBe('/healthz');
  const { periodSeconds, failureThreshold } = served.readinessProbe;
  expect(config.drainSeconds, 'long enough for the probe to see one no').toBeGreaterThan(periodSeconds);
  expect(failureThreshold).toBeGreaterThan(1);
});

test('a stopping pod has time for the load balancer to remove it, to drain and to finish the longest request', () => {
  const attributes =
    service.metadata.annotations['service.beta.kubernetes.io/aws-load-balancer-target-group-attributes'];
  const delay = Number(/deregistration_delay\.timeout_seconds=(\d+)/.exec(attributes)?.[1]);
  expect(preStop).toBeGreaterThanOrEqual(delay);
  expect(config.graceSeconds).toBeGreaterThan(config.drainSeconds + config.requestSeconds);
  expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(preStop + config.graceSeconds);
});

test('an update never leaves fewer pods than before, and detects a stalled rollout', () => {
  expect(deployment.spec).toMatchObject({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } });
  expect(deployment.spec.minReadySeconds).toBeLessThan(deployment.spec.progressDeadlineSeconds);
  expect(deployment.spec.replicas).toBe(autoscaler.spec.minReplicas);
  expect(autoscaler.spec.minReplicas - budget.spec.maxUnavailable, 'pods left while a node is emptied').toBeGreaterThan(
    0,
  );
});

test('the pods run as the user of the image, which is not root', () => {
  const [, user, group] = /^USER (\d+):(\d+)$/m.exec(read('Dockerfile'))!;
  const { runAsUser, runAsGroup } = template.spec.securityContext;
  expect([runAsUser, runAsGroup]).toEqual([Number(user), Number(group)]);
  expect(runAsUser).toBeGreaterThan(10_000);
});

test('the image is a placeholder with a digest that cannot exist', () => {
  expect(served.image).toMatch(/^[a-z-]+\.invalid\/[a-z]+@sha256:0{64}$/);
  for (const path of [...app, ...cluster]) expect(read(path)).not.toMatch(/latest/);
});

test('the rules for pods and the checks of the manifests are those of the Kubernetes in eksctl.yaml', () => {
  const { version } = z.looseObject({ version: z.string() }).parse(parse(read('eksctl.yaml')).metadata);
  const namespace = z.looseObject({ metadata: z.looseObject({ labels }) }).parse(documents(cluster[0])[0]);
  expect(namespace.metadata.labels).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/enforce-version': `v${version}`,
    'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled',
  });
  const line = read('scripts/lint.sh')
    .split('\n')
    .find((each) => each.includes('kubernetes-validate'));
  expect(line).toContain(`--kubernetes-version ${version} --strict`);
});

test('what docs/privacy.md adds for feedback fits the Deployment and the policy', () => {
  const fragments = [...read('docs/privacy.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => parse(yaml));
  const addedContainer = z.object({
    name: z.literal(served.name),
    env: z.array(z.object({ name: z.string(), value: z.string() })),
    volumeMounts: z.array(z.object({ name: z.literal('feedback'), mountPath: z.string() })),
    resources: z.unknown(),
  });
  const addedPod = z.object({
    securityContext: z.object({ fsGroup: z.literal(template.spec.securityContext.runAsGroup) }),
    containers: z.tuple([addedContainer]),
    volumes: z.tuple([
      z.object({ name: z.literal('feedback'), emptyDir: z.object({ sizeLimit: z.string().regex(/^\d+Mi$/) }) }),
    ]),
  });
  const [{ spec: added }] = z
    .tuple([
      z.object({ spec: z.object({ template: z.object({ spec: addedPod }) }) }),
      z.object({ spec: z.object({ egress: z.array(z.looseObject({ ports: z.array(z.unknown()) })).length(2) }) }),
    ])
    .parse(fragments);
  const { containers, volumes } = added.template.spec;
  const settings = readConfig({
    ...env,
    ...Object.fromEntries(containers[0].env.map(({ name, value }) => [name, value])),
  });
  expect(settings.feedbackTo).toMatch(/^s3:/);
  expect(containers[0].volumeMounts[0].mountPath).toBe(settings.feedbackSpool);
  expect(Number.parseInt(volumes[0].emptyDir.sizeLimit, 10) * 2 ** 20).toBeGreaterThan(settings.feedbackMaxBytes);
});
