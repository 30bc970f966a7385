/** Containers that start and end, or never start: crashes, memory, the command, the security context. */
import type { V1ContainerState, V1ContainerStateTerminated } from '#kubernetes';
import {
  type ContainerView,
  type Finding,
  labelOf,
  lastEvent,
  type RolloutView,
  subjectOf,
  timesReported,
} from './finding.ts';
import { architectureAdvice } from './image.ts';
import { killedByProbe } from './probes.ts';
import { formatQuantity, parseQuantity } from './quantity.ts';
import { quote, times } from './text.ts';

export function containerFindings(rollout: RolloutView): Finding[] {
  return rollout.containers.flatMap((view) => {
    const found = notStarted(rollout, view) ?? ended(rollout, view);
    return found ? [found] : [];
  });
}

/** The container's configuration is wrong, so its process never ran. */
function notStarted(rollout: RolloutView, view: ContainerView): Finding | undefined {
  const { status } = view;
  const waiting = status?.state?.waiting;
  const dead = lastEnd(status?.state, status?.lastState);
  const isStartError = dead?.reason === 'StartError' || dead?.reason === 'ContainerCannotRun';
  const isConfigError = waiting?.reason === 'CreateContainerConfigError' && !isMissingReference(waiting.message);
  const isCreateError = waiting?.reason === 'RunContainerError' || waiting?.reason === 'CreateContainerError';
  if (!isStartError && !isConfigError && !isCreateError) return undefined;
  const event = lastEvent(view.events, 'Failed', /^Error: /);
  const words = (isStartError ? dead.message : waiting?.message) ?? event?.message ?? '';
  const evidence = [`pod ${view.podName}, container ${view.name}: "${quote(trimRuntime(words))}"`];
  const subject = subjectOf(view);
  const attempts = Math.max(timesReported(view.events, 'Failed', /^Error: /), status?.restartCount ?? 0);
  const who = `Deployment ${rollout.deployment}: ${labelOf(view)}`;

  if (
    /runAsNonRoot|non-root policy|must not be root|run as root|operation not permitted|permission denied|seccomp|apparmor|capabilit/i.test(
      words,
    )
  ) {
    const headline = `${who} cannot start under its security context: ${quote(securityReason(words), 200)}`;
    return { cause: 'security-context', headline, evidence, next: securityAdvice(words, view), subject, attempts };
  }
  const program = /exec: "([^"]+)"[^"]*(no such file|not found)/.exec(words)?.[1];
  if (program !== undefined) {
    const headline = `${who} cannot start: there is no ${program} in ${view.spec.image}`;
    const next = `correct command (now ${JSON.stringify(view.spec.command ?? "the image's own")}) of container ${view.name}, or build the program into the image`;
    return { cause: 'container-start', headline, evidence, next, subject, permanent: true, attempts };
  }
  if (/exec format error/i.test(words)) return { ...wrongArchitecture(rollout, view), evidence, attempts };
  const headline = `${who} cannot be started: ${quote(lastClause(words), 200)}`;
  const next = `correct what the message names in the spec of container ${view.name}`;
  return { cause: 'container-start', headline, evidence, next, subject, attempts };
}

/** The process ended, though it should keep serving (or, in an init container, succeed). */
function ended(rollout: RolloutView, view: ContainerView): Finding | undefined {
  const { status } = view;
  const dead = lastEnd(status?.state, status?.lastState);
  if (!status || !dead || killedByProbe(view)) return undefined;
  if (view.isInit && view.spec.restartPolicy !== 'Always' && dead.exitCode === 0) return undefined;
  if (status.ready && status.state?.running) return undefined;
  const ends = status.restartCount + (status.state?.terminated ? 1 : 0);
  if (ends === 0) return undefined;
  const subject = subjectOf(view);
  const seen = `pod ${view.podName}, ${labelOf(view)}: ended ${times(ends)}, exit code ${dead.exitCode}${dead.reason ? ` (${dead.reason})` : ''}`;
  // while it runs again it may still become ready, so only the deadline ends the wait
  const isHandled = status.state?.running !== undefined;
  const shared = { subject, attempts: ends, isHandled };

  if (dead.reason === 'OOMKilled') {
    const limit = view.spec.resources?.limits?.memory;
    const headline = `Deployment ${rollout.deployment}: ${labelOf(view)} runs out of memory (OOMKilled); its limit is ${limit ?? "the node's memory"}`;
    const next = limit
      ? `raise resources.limits.memory of container ${view.name} above ${limit}: kubectl ${rollout.flag} set resources deployment/${rollout.name} -c ${view.name} --limits=memory=${double(limit)} (for instance), and in the manifest`
      : `set resources.requests.memory of container ${view.name} to what it needs, so that it lands on a node that has it`;
    return { cause: 'out-of-memory', headline, evidence: [seen], next, ...shared };
  }
  const words = dead.message ? [`its last message: "${quote(dead.message)}"`] : [];
  if (/exec format error/i.test(dead.message ?? ''))
    return { ...wrongArchitecture(rollout, view), evidence: [seen, ...words] };
  const headline = `Deployment ${rollout.deployment}: ${labelOf(view)} ${how(dead)} and keeps restarting`;
  const next = `kubectl ${rollout.flag} logs ${view.podName} -c ${view.name} --previous`;
  return { cause: 'crash-loop', headline, evidence: [seen, ...words], next, ...shared };
}

export function wrongArchitecture(rollout: RolloutView, view: ContainerView): Finding {
  const image = view.spec.image ?? '';
  return {
    cause: 'image-architecture',
    headline: `Deployment ${rollout.deployment}: ${image} is not built for its node's architecture ("exec format error")`,
    evidence: [],
    next: architectureAdvice,
    subject: { ...subjectOf(view), image },
  };
}

/** Signals as `kill -l` numbers them; a shell reports 128 + signal. */
function how({ exitCode, signal }: V1ContainerStateTerminated): string {
  const number = signal ?? (exitCode > 128 && exitCode < 160 ? exitCode - 128 : 0);
  const name = { 4: 'SIGILL', 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' }[number];
  if (name) return `is terminated by ${name} (exit code ${exitCode})`;
  return exitCode === 0 ? 'ends by itself (exit code 0)' : `fails with exit code ${exitCode}`;
}

function double(memory: string): string {
  return formatQuantity('memory', 2 * parseQuantity(memory));
}

export function lastEnd(state?: V1ContainerState, last?: V1ContainerState): V1ContainerStateTerminated | undefined {
  return state?.terminated ?? last?.terminated;
}

/** config.ts reports missing ConfigMaps and Secrets. */
export function isMissingReference(message = ''): boolean {
  if (/failed to sync (configmap|secret) cache/i.test(message)) return true;
  const what = message.search(/(configmap|secret|key) /i);
  return what >= 0 && /not found|in (ConfigMap|Secret)/i.test(message.slice(what));
}

function securityReason(words: string): string {
  return words
    .replace(/ \(pod: (?:[^()]|\([^()]*\))*\)$/, '')
    .replace(/^Error: /, '')
    .split(': ')
    .slice(-2)
    .join(': ');
}

function securityAdvice(words: string, view: ContainerView): string {
  if (/non-numeric user/.test(words))
    return `set securityContext.runAsUser of container ${view.name} to the number of the image's user (docker inspect -f '{{.Config.User}}' ${view.spec.image})`;
  if (/root/i.test(words))
    return `build the image with a numeric USER other than 0, or set securityContext.runAsUser of container ${view.name} to one`;
  return `compare securityContext of container ${view.name} (${JSON.stringify(view.spec.securityContext ?? {})}) with what its program needs`;
}

/** The runtime lists which of its parts called which before it says what failed. */
function trimRuntime(words: string): string {
  return words.replace(
    /failed to create containerd task: |failed to create shim task: |failed to (?:create|start) container: |OCI runtime create failed: |runc create failed: |unable to start container process: /g,
    '',
  );
}

function lastClause(words: string): string {
  return trimRuntime(words).replace(/^Error: /, '') || 'the runtime gives no reason';
}
