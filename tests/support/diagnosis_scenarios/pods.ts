/** Pods that start and do not become or stay healthy. */
import { ecr, type Scenario } from './scenario.ts';

const probe = (path: string, port = 8080) => ({ httpGet: { path, port }, periodSeconds: 1, failureThreshold: 3 });

export const podScenarios: Scenario[] = [
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
