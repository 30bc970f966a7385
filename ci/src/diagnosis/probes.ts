/** Pods that run but are not let in: readiness, startup and liveness probes, readiness gates. */
import type { V1Probe } from '#kubernetes';
import { eventTime, isReady } from '../deploy/snapshot.ts';
import { type ContainerView, eventCount, type Finding, lastEvent, quote, type Scene } from './finding.ts';
import { times } from './times.ts';

type Kind = 'Readiness' | 'Startup' | 'Liveness';

export function probeFindings(scene: Scene): Finding[] {
  return [...scene.containers.flatMap((view) => containerProbe(scene, view)), ...gateFindings(scene)];
}

function containerProbe(scene: Scene, view: ContainerView): Finding[] {
  const killer = killedByProbe(view);
  if (killer) return [killed(scene, view, killer)];
  const { status, spec } = view;
  if (!status?.state?.running || status.ready || status.started === false || !spec.readinessProbe) return [];
  const event = lastEvent(view.events, 'Unhealthy', /^Readiness probe /);
  // failures of an earlier life of this container say nothing about this one
  const since = status.state.running.startedAt;
  if (!event || (since && eventTime(event) < since)) return [];
  const finding = described(scene, view, 'Readiness', spec.readinessProbe, event.message ?? '');
  return [{ ...finding, cause: 'never-ready', permanent: false, extraSeconds: span(spec.readinessProbe) }];
}

/** The kubelet ended this container because of a probe, and it is not well since. */
export function killedByProbe(view: ContainerView): 'Startup' | 'Liveness' | undefined {
  const { status } = view;
  if (!status || (status.ready && status.restartCount === 0)) return undefined;
  if (status.restartCount === 0 && !status.state?.terminated) return undefined;
  if (status.lastState?.terminated?.reason === 'OOMKilled') return undefined;
  const event = lastEvent(view.events, 'Killing', /failed (startup|liveness) probe/);
  if (!event) return undefined;
  // the kubelet holds back events that repeat, so an older one may speak of this end too: of an end on request, that is
  const end = status.state?.terminated ?? status.lastState?.terminated;
  const onRequest = [0, 137, 143].includes(end?.exitCode ?? 0);
  if (!onRequest && end?.startedAt && eventTime(event) < end.startedAt) return undefined;
  return /failed startup/.test(event.message ?? '') ? 'Startup' : 'Liveness';
}

function killed(scene: Scene, view: ContainerView, kind: 'Startup' | 'Liveness'): Finding {
  const probe = kind === 'Startup' ? view.spec.startupProbe : view.spec.livenessProbe;
  const answer = lastEvent(view.events, 'Unhealthy', new RegExp(`^${kind} probe `));
  const finding = described(scene, view, kind, probe ?? {}, answer?.message ?? '');
  const kills = eventCount(lastEvent(view.events, 'Killing', /failed (startup|liveness) probe/));
  finding.evidence.push(
    `pod ${view.podName}, container ${view.name}: restarted ${times(view.status?.restartCount ?? 0)} for it`,
  );
  // the probe's own span is the patience that the author of the manifest gave
  if (kind === 'Startup') return { ...finding, cause: 'startup-probe', permanent: true, attempts: kills };
  return { ...finding, cause: 'liveness-probe', permanent: false, attempts: kills };
}

function described(
  scene: Scene,
  view: ContainerView,
  kind: Kind,
  probe: V1Probe,
  message: string,
): Omit<Finding, 'cause' | 'permanent'> {
  const answer = quote(message.replace(/^\w+ probe (failed|errored)[^:]*: /, ''), 300) || 'nothing was recorded';
  const name = kind.toLowerCase();
  const subject = { pod: view.podName, container: view.name, image: view.spec.image, node: view.pod.spec?.nodeName };
  const effect = { Readiness: 'never becomes ready', Startup: 'never comes up', Liveness: 'is restarted' }[kind];
  return {
    headline: `Deployment ${scene.deployment}: container ${view.name} ${effect}, its ${name} probe (${asked(probe)}) says: ${plainAnswer(answer)}`,
    evidence: [
      `pod ${view.podName}, ${name} probe: "${answer}"`,
      ...portEvidence(view, probe),
      ...changedProbe(scene, view, kind, probe),
    ],
    next: advice(view, probe, answer, name),
    subject: { ...subject, ...(httpProbe(view, probe) && { probe: httpProbe(view, probe) }) },
  };
}

/** With the port's number where the probe gives its name. */
function httpProbe(view: ContainerView, { httpGet }: V1Probe): { port: string; path: string } | undefined {
  if (!httpGet || httpGet.scheme === 'HTTPS') return undefined;
  const named = view.spec.ports?.find(({ name }) => name === httpGet.port);
  return { port: String(named?.containerPort ?? httpGet.port), path: httpGet.path ?? '/' };
}

/** Without the address, which is the pod's and gone with it. */
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
  return exec ? `command ${JSON.stringify(exec.command ?? [])}` : 'of no known kind';
}

function portOf(probe: V1Probe): string | undefined {
  const port = probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port;
  return port === undefined ? undefined : String(port);
}

/** A port by number or name that the container does not declare; declaring is no duty, so it is a hint alone. */
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

function changedProbe(scene: Scene, view: ContainerView, kind: Kind, probe: V1Probe): string[] {
  const older = scene.snapshot.replicaSets.find(
    (set) => set.metadata?.uid !== scene.revision.replicaSet.metadata?.uid && (set.status?.readyReplicas ?? 0) > 0,
  );
  const spec = older?.spec?.template?.spec?.containers.find(({ name }) => name === view.name);
  const before = { Readiness: spec?.readinessProbe, Startup: spec?.startupProbe, Liveness: spec?.livenessProbe }[kind];
  return before && asked(before) !== asked(probe)
    ? [`in the revision that serves, that probe is ${asked(before)}`]
    : [];
}

function advice(view: ContainerView, probe: V1Probe, answer: string, name: string): string {
  const port = portOf(probe);
  const path = probe.httpGet?.path ?? '/';
  if (/statuscode: 404/.test(answer))
    return `put the path that the service answers in place of ${path} in the ${name}Probe of container ${view.name}`;
  if (/connection refused/.test(answer)) {
    const [declared] = portEvidence(view, probe);
    if (declared)
      return `put the port that the service listens on in place of ${port} in the ${name}Probe of container ${view.name}`;
    return `see in its log whether the service listens on port ${port} of all addresses (0.0.0.0), or only of the loopback`;
  }
  if (/deadline exceeded|timed? ?out/i.test(answer))
    return `raise timeoutSeconds (now ${probe.timeoutSeconds ?? 1}) of the ${name}Probe, or give container ${view.name} more CPU`;
  if (/statuscode: 5\d\d/.test(answer))
    return `the service answers that it is not ready, and its log says why; if it only needs longer than ${span(probe)} s, raise failureThreshold of the ${name}Probe`;
  return `mend what the ${name}Probe of container ${view.name} found, or correct the probe`;
}

/** Seconds until a probe that always fails has failed for good. */
function span({ initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 }: V1Probe): number {
  return initialDelaySeconds + periodSeconds * failureThreshold;
}

/** All containers are ready, the pod is not: a controller elsewhere (a load balancer's) has to agree first. */
function gateFindings(scene: Scene): Finding[] {
  return scene.revision.pods.flatMap((pod) => {
    const conditions = pod.status?.conditions ?? [];
    const areContainersReady = conditions.some(({ type, status }) => type === 'ContainersReady' && status === 'True');
    if (isReady(pod) || !areContainersReady) return [];
    const holds = (gate: string) => conditions.some(({ type, status }) => type === gate && status === 'True');
    const closed = (pod.spec?.readinessGates ?? []).find(({ conditionType }) => !holds(conditionType))?.conditionType;
    if (closed === undefined) return [];
    const said = conditions.find(({ type }) => type === closed);
    const name = pod.metadata?.name ?? '';
    const finding: Finding = {
      cause: 'never-ready',
      headline: `Deployment ${scene.deployment}: pod ${name} runs but its readiness gate ${closed} is not true`,
      evidence: [
        `condition ${closed}: ${said ? `"${quote(said.message ?? said.reason ?? said.status)}"` : 'set by nobody yet'}`,
      ],
      next: `kubectl ${scene.flag} describe targetgroupbindings, and the log of the controller that sets ${closed}`,
      subject: { pod: name },
      permanent: false,
    };
    return [finding];
  });
}
