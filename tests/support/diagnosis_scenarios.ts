/**
 * Releases of the test app that fail, each in its own way, after one that serves, for tests/diagnosis.test.ts.
 * `manifests` get the container's and the pod's parts; `image` is by digest or an address that fails.
 */

import type { Manifest } from '../../ci/src/deploy/manifest.ts';
import type { Cause } from '../../ci/src/diagnosis/causes.ts';
import type { Snapshot } from '../../ci/src/kubernetes/snapshot.ts';
import type { Cluster, PushedImage } from './cluster.ts';
import { appManifests } from './deploy.ts';

type DeploymentSpec = NonNullable<Snapshot['deployment']['spec']>;
type PodSpec = NonNullable<DeploymentSpec['template']['spec']>;
type Container = PodSpec['containers'][number];

/** The account whose registry serves, and one that refuses: names of ECR, registries of the cluster behind them. */
export const ecr = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
export const wrongEcr = '210987654321.dkr.ecr.eu-central-1.amazonaws.com';

export type Images = {
  good: PushedImage;
  /** Its program runs on no processor. */
  garbage: PushedImage;
  /** Its layer is not an archive. */
  broken: PushedImage;
};

/** What the webhook checks, and whether it answers: if it does, it denies. */
export type WebhookUse = { of: 'pods' | 'deployments'; answers: boolean };

export type Scenario = {
  title: string;
  cause: Cause;
  /** In the verdict's headline. */
  says: RegExp;
  /** In its evidence. */
  shows?: RegExp;
  /** In the next step. */
  mends?: RegExp;
  image?: (cluster: Cluster, images: Images) => string;
  container?: Partial<Container>;
  pod?: Partial<PodSpec>;
  spec?: Partial<DeploymentSpec>;
  /** Of the Service, in the release that should fail. */
  ports?: object[];
  /** Objects and labels of the namespace, created before the first release. */
  quota?: Record<string, string>;
  podSecurity?: string;
  hasPolicy?: boolean;
  webhook?: WebhookUse;
  /** The pods go to a node that has no kubelet. */
  onDeadNode?: boolean;
  /** By name: its data. */
  configMap?: Record<string, Record<string, string>>;
};

const probe = (path: string, port = 8080) => ({ httpGet: { path, port }, periodSeconds: 1, failureThreshold: 3 });
/** An old pod ends before a new one starts, so preflight does not try a new pod. */
const inPlace = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } };
const requests = (cpu: string) => ({ resources: { requests: { cpu } } });
const nowhere = `sha256:${'ab'.repeat(32)}`;

/** Slow ones first, because they run in parallel. */
export const scenarios: Scenario[] = [
  {
    title: 'a node that dies before it starts the pod',
    cause: 'node-trouble',
    says: /node dead-\S+ of pod \S+ is not ready: Kubelet stopped posting node status$/,
    shows: /node dead-\S+: Ready is Unknown since \S+ \(NodeStatusUnknown\): Kubelet stopped posting node status\./,
    mends: /kubectl describe node dead-/,
    onDeadNode: true,
  },
  {
    title: 'a registry that limits the pull rate',
    cause: 'image-rate-limit',
    says: /limits the pull rate \(429\)/,
    image: ({ registries }, { good }) => `${registries().busy.host}/app@${good.digest}`,
  },
  {
    title: 'a service that is never ready',
    cause: 'never-ready',
    says: /readiness probe \(GET \/health\/ready on port 8080\) says: HTTP 503, "the model is not loaded/,
    shows: /log: listening on :8080/,
    container: { env: [{ name: 'NOT_READY', value: '1' }] },
  },
  {
    title: 'a readiness probe with a wrong path',
    cause: 'never-ready',
    says: /GET \/ready on port 8080\) says: HTTP 404/,
    shows: /in the revision that serves, that probe is GET \/health\/ready on port 8080/,
    mends: /replace \/ready in/,
    container: { readinessProbe: probe('/ready') },
  },
  {
    title: 'a readiness probe with a wrong port',
    cause: 'never-ready',
    says: /on port 9090\) says: connection refused/,
    shows: /asks port 9090, the container declares 8080/,
    mends: /replace 9090 in/,
    container: { readinessProbe: probe('/health/ready', 9090) },
  },
  {
    title: 'a readiness gate that never opens',
    cause: 'never-ready',
    says: /readiness gate target-health\.elbv2\.k8s\.aws\/none is not true/,
    shows: /condition target-health\.elbv2\.k8s\.aws\/none: not set yet/,
    mends: /the log of the controller that sets target-health/,
    pod: { readinessGates: [{ conditionType: 'target-health.elbv2.k8s.aws/none' }] },
    spec: { progressDeadlineSeconds: 30 },
  },
  {
    title: "a Service with another port than the pods'",
    cause: 'no-answer',
    says: /its pods are ready, but Service app, port 80: .*connection refused/,
    mends: /compare the Service's targetPort/,
    ports: [{ port: 80, targetPort: 9090 }],
  },
  {
    title: 'more CPU than any node has',
    cause: 'unschedulable',
    says: /Insufficient cpu/,
    shows: /node node1: cpu \S+ of \S+ free, 64 requested/,
    mends: /at most cpu \S+ \(resources\.requests, now 64\)/,
    container: requests('64'),
  },
  {
    title: 'a node label that no node has',
    cause: 'unschedulable',
    says: /didn't match Pod's node affinity\/selector/,
    shows: /no node has kubernetes\.io\/arch=s390x; they have /,
    pod: { nodeSelector: { 'kubernetes.io/arch': 's390x' } },
  },
  {
    title: 'a webhook that cannot be reached',
    cause: 'admission-denied',
    says: /refused, because webhook "no-host-network\.webhook\.test" cannot be reached: .*connection refused$/,
    mends: /repair the server behind webhook "no-host-network\.webhook\.test"/,
    webhook: { of: 'pods', answers: false },
    spec: inPlace,
    pod: { hostNetwork: true },
  },
  {
    title: 'a layer that is not an archive',
    cause: 'image-pull',
    says: /cannot pull \S+\/app@sha256:\S+: the pull fails: .*invalid tar header/,
    image: (_, { broken }) => `${ecr}/app@${broken.digest}`,
  },
  {
    title: 'a host path that does not exist',
    cause: 'volume-mount',
    says: /volume data cannot be mounted: hostPath type check failed: \/no\/such/,
    pod: { volumes: [{ name: 'data', hostPath: { path: '/no/such', type: 'Directory' } }] },
    container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  },
  {
    title: 'a crash',
    cause: 'crash-loop',
    says: /ends with exit code 3 and says: error: the model file is damaged/,
    shows: /log: loading the model/,
    container: { env: [{ name: 'CRASH', value: '1' }] },
  },
  {
    title: 'an init container that fails',
    cause: 'crash-loop',
    says: /init container prepare ends with exit code 3/,
    image: (_, { good }) => `${ecr}/app@${good.digest}`,
    pod: { initContainers: [{ name: 'prepare', image: 'set-by-the-release', env: [{ name: 'CRASH', value: '1' }] }] },
  },
  {
    title: 'a program for another architecture',
    cause: 'image-architecture',
    says: /exec format error/,
    image: (_, { garbage }) => garbage.byDigest,
  },
  {
    title: 'a memory limit that is too low',
    cause: 'out-of-memory',
    says: /OOMKilled\); its limit is 48Mi/,
    mends: /--limits=memory=96Mi/,
    container: { env: [{ name: 'OOM', value: '1' }], resources: { limits: { memory: '48Mi' } } },
  },
  {
    title: 'a liveness probe that kills',
    cause: 'liveness-probe',
    says: /its liveness probe \(GET \/alive on port 8080\) says: HTTP 404/,
    container: { livenessProbe: probe('/alive') },
    spec: { minReadySeconds: 60 },
  },
  {
    title: 'a startup probe that gives up',
    cause: 'startup-probe',
    says: /never comes up, its startup probe \(GET \/health\/ready on port 8080\) says: HTTP 503/,
    container: { env: [{ name: 'NOT_READY', value: '1' }], startupProbe: probe('/health/ready') },
  },
  {
    title: 'a deadline that is too short',
    cause: 'deadline',
    says: /made no progress for 10 s \(spec\.progressDeadlineSeconds\), 0 of 1 new pods are ready/,
    container: { readinessProbe: { ...probe('/health/ready'), initialDelaySeconds: 300 } },
    spec: { progressDeadlineSeconds: 10 },
  },
  {
    title: 'a registry address where nothing listens',
    cause: 'image-unreachable',
    says: /cannot reach the registry; registry 127\.0\.0\.1:9 instead of 123456789012/,
    shows: /connection refused/,
    image: (_, { good }) => `127.0.0.1:9/app@${good.digest}`,
  },
  {
    title: 'a region that does not exist',
    cause: 'image-unreachable',
    says: /region eu-nowhere-9 instead of eu-central-1/,
    mends: new RegExp(`set image deployment/app app=${ecr}/app@sha256`),
    image: (_, { good }) => `${ecr.replace('eu-central-1', 'eu-nowhere-9')}/app@${good.digest}`,
  },
  {
    title: 'another account in the image name',
    cause: 'image-forbidden',
    says: new RegExp(`cannot pull ${wrongEcr}/app@.*account 210987654321 instead of 123456789012, where ${ecr}/app@`),
    shows: /403 Forbidden/,
    mends: new RegExp(`set image deployment/app app=${ecr}/app@sha256`),
    image: (_, { good }) => `${wrongEcr}/app@${good.digest}`,
  },
  {
    title: 'a registry that requires a password',
    cause: 'image-no-credentials',
    says: /no valid credentials for the registry \(401\)/,
    mends: /create secret docker-registry/,
    image: ({ registries }, { good }) => `${registries().password.host}/app@${good.digest}`,
  },
  {
    title: 'a digest that the registry does not have',
    cause: 'image-not-found',
    says: /the registry has no such image/,
    shows: /the previous revision runs .*, which differs in digest/,
    image: () => `${ecr}/app@${nowhere}`,
  },
  {
    title: 'a repository that does not exist',
    cause: 'image-not-found',
    says: /no such image; repository ap instead of app/,
    image: (_, { good }) => `${ecr}/ap@${good.digest}`,
  },
  {
    title: 'a certificate that the node does not trust',
    cause: 'image-tls',
    says: /does not trust the registry's certificate/,
    shows: /x509/,
    image: ({ registries }, { good }) => `${registries().untrusted.host}/app@${good.digest}`,
  },
  {
    title: 'a command that the image does not have',
    cause: 'container-start',
    says: /there is no \/bin\/sentimnt in /,
    container: { command: ['/bin/sentimnt'] },
  },
  {
    title: 'a root user where none is allowed',
    cause: 'security-context',
    says: /cannot start under its security context: container's runAsUser breaks non-root policy/,
    container: { securityContext: { runAsNonRoot: true, runAsUser: 0 } },
  },
  {
    title: 'a pod larger than the quota',
    cause: 'quota',
    says: /quota "team" is exhausted: requested requests\.cpu=200m,/,
    shows: /quota team: requests\.cpu \S+ of 150m used/,
    mends: /patch resourcequota team .*requests\.cpu/,
    quota: { 'requests.cpu': '150m' },
    spec: inPlace,
    container: requests('200m'),
  },
  {
    title: 'a pod that Pod Security forbids',
    cause: 'admission-denied',
    says: /refused by Pod Security "baseline:latest": host namespaces \(hostNetwork=true\)/,
    podSecurity: 'baseline',
    spec: inPlace,
    pod: { hostNetwork: true },
  },
  {
    title: 'a pod that a cluster policy forbids',
    cause: 'admission-denied',
    says: /refused by ValidatingAdmissionPolicy "no-host-network-\S+": no host network here/,
    hasPolicy: true,
    spec: inPlace,
    pod: { hostNetwork: true },
  },
  {
    title: 'a pod that a webhook denies',
    cause: 'admission-denied',
    says: /its pods are refused by admission webhook "no-host-network\.webhook\.test": not on the host's network$/,
    mends: /as webhook "no-host-network\.webhook\.test" requires/,
    webhook: { of: 'pods', answers: true },
    spec: inPlace,
    pod: { hostNetwork: true },
  },
];

/** Deployments that the API server rejects, so there is nothing to diagnose. */
export const refusedOutright: Scenario[] = [
  {
    title: 'a Deployment that a webhook denies',
    cause: 'admission-denied',
    says: /: it is refused by admission webhook "no-host-network\.webhook\.test": not on the host's network$/,
    mends: /as webhook "no-host-network\.webhook\.test" requires/,
    webhook: { of: 'deployments', answers: true },
    pod: { hostNetwork: true },
  },
  {
    title: 'a Deployment whose webhook cannot be reached',
    cause: 'admission-denied',
    says: /: it is refused, because webhook "no-host-network\.webhook\.test" cannot be reached: .*connection refused$/,
    mends: /repair the server behind webhook "no-host-network\.webhook\.test"/,
    webhook: { of: 'deployments', answers: false },
    pod: { hostNetwork: true },
  },
];

/** Deployments applied without the deployer, which would have refused them: `diagnose` says what is wrong. */
export const appliedByHand: Scenario[] = [
  {
    title: 'a missing ConfigMap',
    cause: 'missing-config',
    says: /there is no ConfigMap "settings", which container app of its pods needs/,
    shows: /ConfigMaps in namespace \S+: .*setting\b/,
    mends: /write it in place of "settings"/,
    configMap: { setting: { LEVEL: 'info' } },
    container: { envFrom: [{ configMapRef: { name: 'settings' } }] },
  },
  {
    title: 'a missing key of a ConfigMap',
    cause: 'missing-config',
    says: /there is no key "LEVL" in ConfigMap "setting"/,
    mends: /write it in place of "LEVL"/,
    configMap: { setting: { LEVEL: 'info' } },
    container: { env: [{ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'setting', key: 'LEVL' } } }] },
  },
  {
    title: 'a missing Secret, as a volume',
    cause: 'missing-config',
    says: /there is no Secret "certificates", which volume tls of its pods needs/,
    pod: { volumes: [{ name: 'tls', secret: { secretName: 'certificates' } }] },
    container: { volumeMounts: [{ name: 'tls', mountPath: '/tls' }] },
  },
  {
    title: 'a missing volume claim',
    cause: 'volume-mount',
    says: /there is no PersistentVolumeClaim "models"/,
    pod: { volumes: [{ name: 'models', persistentVolumeClaim: { claimName: 'models' } }] },
    container: { volumeMounts: [{ name: 'models', mountPath: '/models' }] },
  },
  {
    title: 'a missing service account',
    cause: 'missing-config',
    says: /there is no ServiceAccount "sentimnt"/,
    pod: { serviceAccountName: 'sentimnt' },
  },
  {
    title: 'an image name with a capital letter',
    cause: 'image-name',
    says: /cannot pull \S+\/App:v1: that is not a valid image name/,
    image: () => `${ecr}/App:v1`,
  },
  {
    title: 'a quota that other pods have used up',
    cause: 'quota',
    says: /quota "team" is exhausted: requested pods=1, used pods=0, limit pods=0/,
    quota: { pods: '0' },
  },
];

/** Revisions that are ready and answer, and are found while they bake: tests/deploy_bake.test.ts. */
export const whileBaking: Pick<Scenario, 'title' | 'cause' | 'says'>[] = [
  {
    title: 'errors in two percent of the answers',
    cause: 'worse',
    says: /answers with 5xx: [\d.]+ % of \d+, before 0\.0 % of/,
  },
  { title: 'answers that take three times as long', cause: 'worse', says: /p99 latency in seconds: / },
  { title: 'labels the wrong way round', cause: 'worse', says: /positive answers: [\d.]+ % of \d+, before / },
  {
    title: 'memory that grows until the limit',
    cause: 'worse',
    says: /restarts: \d+ \((OOMKilled|exit code 137)\)|out of memory/,
  },
];

/** The previous release, which serves. */
export function goodManifests(namespace: string, { quota, spec }: Scenario): Manifest[] {
  const strategy = spec?.strategy && { strategy: spec.strategy };
  return appManifests(namespace, {
    replicas: 1,
    spec: { ...strategy },
    container: { ...quick, ...(quota && requests('10m')) },
  });
}

export function badManifests(
  namespace: string,
  { container, pod, spec, ports }: Pick<Scenario, 'container' | 'pod' | 'spec' | 'ports'>,
  image: string,
): Manifest[] {
  const manifests = appManifests(namespace, { replicas: 1, spec, container: { ...quick, ...container } });
  return manifests.map((object) => {
    if (object.kind === 'Service' && ports)
      return Object.assign({ ...object }, { spec: { ...(object as { spec?: object }).spec, ports } });
    if (object.kind !== 'Deployment' || !pod) return object;
    const deployment = object as Manifest & { spec: DeploymentSpec };
    const initContainers = pod.initContainers?.map((each) => ({ ...each, image }));
    Object.assign(deployment.spec.template.spec!, pod, initContainers && { initContainers });
    return deployment;
  });
}

/** No request is in flight here, so pods need not drain. */
const quick: Partial<Container> = { lifecycle: undefined };
