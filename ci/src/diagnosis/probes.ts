/** Pods that run but fail their checks: readiness, startup and liveness probes, readiness gates. */
import type { V1Pod, V1PodCondition, V1Probe } from '#kubernetes';
import { eventTime, isReady } from '../kubernetes/snapshot.ts';
import {
  type ContainerView,
  eventCount,
  type Finding,
  isServing,
  lastEvent,
  previousReplicaSet,
  type RolloutView,
  specIn,
  subjectOf,
} from './finding.ts';
import { quote, times } from './text.ts';

type Kind = 'Readiness' | 'Startup' | 'Liveness';

export function probeFindings(rollout: RolloutView): Finding[] {
  return [...rollout.containers.flatMap((view) => containerProbe(rollout, view)), ...gateFindings(rollout)];
}

function containerProbe(rollout: RolloutView, view: ContainerView): Finding[] {
  const killer = killedByProbe(view);
  if (killer) return [killed(rollout, view, killer)];
  const { status, spec } = view;
  if (!status?.state?.running || status.ready || status.started === false || !spec.readinessProbe) return [];
  const event = lastEvent(view.events, 'Unhealthy', /^Readiness probe /);
  // failures before the last restart say nothing about the container now
  const since = status.state.running.startedAt;
  if (!event || (since && eventTime(event) < since)) return [];
  const finding = described(rollout, view, 'Readiness', spec.readinessProbe, event.message ?? '');
  const extraSeconds = Math.max(span(spec.readinessProbe), 2 * startSeconds(rollout) - 60);
  return [{ ...finding, cause: 'never-ready', extraSeconds }];
}

/** What the slowest ready pod of the other revisions needed from its start until it was ready; 0 if there is none. */
function startSeconds({ snapshot, revision }: RolloutView): number {
  const own = new Set(revision.pods.map(({ metadata }) => metadata?.uid));
  const seconds = ({ status }: V1Pod) => {
    const readyAt = status?.conditions?.find(
      ({ type, status }) => type === 'Ready' && status === 'True',
    )?.lastTransitionTime;
    // A container that was restarted since says nothing about its start.
    const isFirst = (status?.containerStatuses ?? []).every(({ restartCount }) => restartCount === 0);
    return readyAt && status?.startTime && isFirst ? (readyAt.getTime() - status.startTime.getTime()) / 1000 : 0;
  };
  return Math.max(0, ...snapshot.pods.filter(({ metadata }) => !own.has(metadata?.uid)).map(seconds));
}

/** The kubelet killed this container because of a probe, and it has not recovered. */
export function killedByProbe(view: ContainerView): 'Startup' | 'Liveness' | undefined {
  const { status } = view;
  if (!status || (status.ready && status.restartCount === 0)) return undefined;
  if (status.restartCount === 0 && !status.state?.terminated) return undefined;
  if (status.lastState?.terminated?.reason === 'OOMKilled') return undefined;
  const event = lastEvent(view.events, 'Killing', /failed (startup|liveness) probe/);
  if (!event) return undefined;
  // the kubelet suppresses repeated events, so an older one may belong to this end too, if the container ended on request
  const end = status.state?.terminated ?? status.lastState?.terminated;
  const onRequest = [0, 137, 143].includes(end?.exitCode ?? 0);
  if (!onRequest && end?.startedAt && eventTime(event) < end.startedAt) return undefined;
  return /failed startup/.test(event.message ?? '') ? 'Startup' : 'Liveness';
}

function killed(rollout: RolloutView, view: ContainerView, kind: 'Startup' | 'Liveness'): Finding {
  const probe = kind === 'Startup' ? view.spec.startupProbe : view.spec.livenessProbe;
  const answer = lastEvent(view.events, 'Unhealthy', new RegExp(`^${kind} probe `));
  const finding = described(rollout, view, kind, probe ?? {}, answer?.message ?? '');
  const kills = eventCount(lastEvent(view.events, 'Killing', /failed (startup|liveness) probe/));
  finding.evidence.push(
    `pod ${view.podName}, container ${view.name}: restarted ${times(view.status?.restartCount ?? 0)} because of it`,
  );
  // the probe's own time is the patience that the author of the manifest chose
  return { ...finding, cause: kind === 'Startup' ? 'startup-probe' : 'liveness-probe', attempts: kills };
}

function described(
  rollout: RolloutView,
  view: ContainerView,
  kind: Kind,
  probe: V1Probe,
  message: string,
): Omit<Finding, 'cause'> {
  const answer = quote(message.replace(/^\w+ probe (failed|errored)[^:]*: /, ''), 300) || 'nothing was recorded';
  const name = kind.toLowerCase();
  const effect = { Readiness: 'never becomes ready', Startup: 'never comes up', Liveness: 'is restarted' }[kind];
  return {
    headline: `Deployment ${rollout.deployment}: container ${view.name} ${effect}, its ${name} probe (${asked(probe)}) says: ${plainAnswer(answer)}`,
    evidence: [
      `pod ${view.podName}, ${name} probe: "${answer}"`,
      ...portEvidence(view, probe),
      ...changedProbe(rollout, view, kind, probe),
    ],
    next: advice(view, probe, answer, name),
    subject: { ...subjectOf(view), ...(httpProbe(view, probe) && { probe: httpProbe(view, probe) }) },
  };
}

/** Resolves a port's name to its number. */
function httpProbe(view: ContainerView, { httpGet }: V1Probe): { port: string; path: string } | undefined {
  if (!httpGet || httpGet.scheme === 'HTTPS') return undefined;
  const named = view.spec.ports?.find(({ name }) => name === httpGet.port);
  return { port: String(named?.containerPort ?? httpGet.port), path: httpGet.path ?? '/' };
}

/** Without the address, which ends with the pod. */
function plainAnswer(answer: string): string {
  return answer
    .replace(/^HTTP probe failed with statuscode: /, 'HTTP ')
    .replace(/^Get "[^"]*": /, '')
    .replace(/^dial tcp \S+: (connect: )?/, '');
}

/** "GET /ready on port 8080" */
export function asked(probe: V1Probe): string {
  const { httpGet, tcpSocket, exec, grpc } = probe;
  if (httpGet) return `GET ${httpGet.path ?? '/'} on port ${httpGet.port}`;
  if (tcpSocket) return `connecting to port ${tcpSocket.port}`;
  if (grpc) return `gRPC health on port ${grpc.port}`;
  return exec ? `command ${JSON.stringify(exec.command ?? [])}` : 'of an unknown kind';
}

function portOf(probe: V1Probe): string | undefined {
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port;
  return port === undefined ? undefined : String(port);
}

/** A port, by number or name, that the container does not declare. Declaring is optional, so this is only a hint. */
function portEvidence(view: ContainerView, probe: V1Probe): string[] {
  const port = portOf(probe);
  const declared = view.spec.ports ?? [];
  if (port === undefined || declared.length === 0) return [];
  if (declared.some(({ containerPort, name }) => String(containerPort) === port || name === port)) return [];
  const list = declared
    .map(({ containerPort, name }) => (name ? `${containerPort} (${name})` : `${containerPort}`))
    .join(', ');
  return [`the probe asks port ${port}, the container declares ${list}`];
}

function changedProbe(rollout: RolloutView, view: ContainerView, kind: Kind, probe: V1Probe): string[] {
  const older = previousReplicaSet(rollout);
  const spec = isServing(older) ? specIn(older, view.name) : undefined;
  const before = { Readiness: spec?.readinessProbe, Startup: spec?.startupProbe, Liveness: spec?.livenessProbe }[kind];
  return before && asked(before) !== asked(probe)
    ? [`in the revision that serves, that probe is ${asked(before)}`]
    : [];
}

function advice(view: ContainerView, probe: V1Probe, answer: string, name: string): string {
  const port = portOf(probe);
  const path = probe.httpGet?.path ?? '/';
  if (/statuscode: 404/.test(answer))
    return `replace ${path} in the ${name}Probe of container ${view.name} with a path that the service serves`;
  if (/connection refused/.test(answer)) {
    const [declared] = portEvidence(view, probe);
    if (declared)
      return `replace ${port} in the ${name}Probe of container ${view.name} with the port that the service listens on`;
    return `check in its log whether the service listens on port ${port} on all addresses (0.0.0.0) or only on the loopback`;
  }
  if (/deadline exceeded|timed? ?out/i.test(answer))
    return `raise timeoutSeconds (now ${probe.timeoutSeconds ?? 1}) of the ${name}Probe, or give container ${view.name} more CPU`;
  if (/statuscode: 5\d\d/.test(answer))
    return `the service reports that it is not ready, and its log says why; if it only needs more than ${span(probe)} s, raise failureThreshold of the ${name}Probe`;
  return `fix what the ${name}Probe of container ${view.name} found, or correct the probe`;
}

/** Seconds until a probe that always fails counts as failed. */
function span({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 }: V1Probe): number {
  return initialDelaySeconds + periodSeconds * failureThreshold;
}

/** All containers are ready but the pod is not: another controller (a load balancer's) must agree first. */
function gateFindings(rollout: RolloutView): Finding[] {
  return rollout.revision.pods.flatMap((pod) => {
    const conditions = pod.status?.conditions ?? [];
    const areContainersReady = conditions.some(({ type, status }) => type === 'ContainersReady' && status === 'True');
    if (isReady(pod) || !areContainersReady) return [];
    const holds = (gate: string) => conditions.some(({ type, status }) => type === gate && status === 'True');
    const closed = (pod.spec?.readinessGates ?? []).find(({ conditionType }) => !holds(conditionType))?.conditionType;
    if (closed === undefined) return [];
    const said = conditions.find(({ type }) => type === closed);
    const name = pod.metadata?.name ?? '';
    const says = said && (said.message ? `${said.reason ? `${said.reason}: ` : ''}${said.message}` : said.reason);
    const finding: Finding = {
      cause: 'never-ready',
      headline: `Deployment ${rollout.deployment}: pod ${name} runs but its readiness gate ${closed} is not true${said?.reason ? ` (${said.reason})` : ''}`,
      evidence: [`condition ${closed}: ${said ? `"${quote(says ?? said.status)}"` : 'not set yet'}`],
      next: gateAdvice(rollout, closed, said?.reason),
      subject: { pod: name },
      stage: `${closed} ${said?.reason ?? ''}`,
      // A target that failed its first checks must pass several before it counts again.
      extraSeconds: 60,
      isHandled: isWorkedOn(said),
    };
    return [finding];
  });
}

/**
 * Its controller is at it: it has set nothing or no reason yet, or a reason that says so. The AWS Load Balancer Controller
 * passes on the state of the target (Elb.RegistrationInProgress, Elb.InitialHealthChecking, Target.NotRegistered):
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
 */
function isWorkedOn(said: V1PodCondition | undefined): boolean {
  if (!said?.reason || said.status === 'Unknown') return true;
  return /InProgress|Initial|Pending|Waiting|Progressing|Provisioning|Creating|Registering|NotRegistered|NotReady$/i.test(
    said.reason,
  );
}

function gateAdvice({ flag }: RolloutView, gate: string, reason: string | undefined): string {
  if (/^Target\.(ResponseCodeMismatch|Timeout|FailedHealthChecks)$/.test(reason ?? ''))
    return "compare the balancer's health check (path, port, codes) with what the pod answers: kubectl describe targetgroupbindings, aws elbv2 describe-target-health; and check that the security group lets the balancer reach the pods";
  return `kubectl ${flag} describe targetgroupbindings, and the log of the controller that sets ${gate}; if it only needs longer, raise spec.progressDeadlineSeconds`;
}
