/** Nodes, quotas, volumes, policies and Services: what the cluster does not give or allow. */
import { ecr, requests, type Scenario } from './scenario.ts';

/** An old pod ends before a new one starts, so preflight does not try a new pod. */
const inPlace = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } };

export const clusterScenarios: Scenario[] = [
  {
    title: 'a node that dies before it starts the pod',
    cause: 'node-trouble',
    says: /node dead-\S+ of pod \S+ is not ready: Kubelet stopped posting node status$/,
    shows: /node dead-\S+: Ready is Unknown since \S+ \(NodeStatusUnknown\): Kubelet stopped posting node status\./,
    mends: /kubectl describe node dead-/,
    onDeadNode: true,
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
    title: 'a host path that does not exist',
    cause: 'volume-mount',
    says: /volume data cannot be mounted: hostPath type check failed: \/no\/such/,
    pod: { volumes: [{ name: 'data', hostPath: { path: '/no/such', type: 'Directory' } }] },
    container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
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
