/** Missing ConfigMaps, Secrets and keys, and volumes that cannot be mounted. */

import { isMissingReference } from './containers.ts';
import {
  type ContainerView,
  eventCount,
  eventsOf,
  type Finding,
  lastEvent,
  type Reference,
  type RolloutView,
  statusesOf,
  timesReported,
} from './finding.ts';
import { quote } from './text.ts';

export function configFindings(rollout: RolloutView): Finding[] {
  const fromEnvironment = rollout.containers.flatMap((view) => environment(rollout, view));
  return [...fromEnvironment, ...volumes(rollout)];
}

function environment(rollout: RolloutView, view: ContainerView): Finding[] {
  const waiting = view.status?.state?.waiting;
  if (waiting?.reason !== 'CreateContainerConfigError') return [];
  const event = lastEvent(view.events, 'Failed', /^Error: /);
  const words = waiting.message || event?.message || '';
  if (!isMissingReference(words)) return [];
  // the kubelet's own delay, not a missing name
  if (/failed to sync/i.test(words)) return [];
  const subject = { pod: view.podName, container: view.name };
  return [missing(rollout, words, `container ${view.name}`, subject, eventCount(event))];
}

function volumes(rollout: RolloutView): Finding[] {
  return rollout.revision.pods.flatMap((pod) => {
    const statuses = statusesOf(pod);
    const isWaiting = statuses.some(({ state }) =>
      /^(ContainerCreating|PodInitializing)$/.test(state?.waiting?.reason ?? ''),
    );
    if (!isWaiting || statuses.some(({ state, lastState }) => state?.running || lastState?.terminated)) return [];
    const events = eventsOf(pod, rollout.revision).filter(
      ({ message }) => !/failed to sync (configmap|secret) cache/.test(message ?? ''),
    );
    const event = lastEvent(events, 'FailedMount') ?? lastEvent(events, 'FailedAttachVolume');
    if (!event) return [];
    const words = event.message ?? '';
    const name = pod.metadata?.name ?? '';
    const volume = /volume "([^"]+)"/.exec(words)?.[1];
    const same = events.filter(({ message }) => volume === undefined || message?.includes(`"${volume}"`));
    const attempts = timesReported(same, event.reason ?? '');
    const subject = { pod: name, node: pod.spec?.nodeName };
    if (referenceIn(words) || isMissingReference(words) || /non-existent (secret|config) key/.test(words))
      return [missing(rollout, words, `volume ${volume}`, subject, attempts, keyOwner(rollout, volume))];
    const finding: Finding = {
      cause: 'volume-mount',
      headline: `Deployment ${rollout.deployment}: volume ${volume ?? '(unnamed)'} cannot be mounted: ${quote(reason(words), 200)}`,
      evidence: [`pod ${name}: "${quote(words)}"`],
      next: `correct the source of volume ${volume ?? ''} in the pod template (now ${sourceOf(rollout, volume)})`,
      subject,
      attempts,
    };
    return [finding];
  });
}

function missing(
  rollout: RolloutView,
  words: string,
  where: string,
  subject: Finding['subject'],
  attempts: number,
  owner?: Reference,
): Finding {
  const reference = referenceIn(words) ?? owner;
  const key = reference?.key ?? /non-existent (?:secret|config) key: (\S+)/.exec(words)?.[1];
  const object = reference ? `${reference.kind} "${reference.name}"` : 'what it refers to';
  const what = key ? `there is no key "${key}" in ${object}` : `there is no ${object}`;
  return {
    cause: 'missing-config',
    headline: `Deployment ${rollout.deployment}: ${what}, which ${where} of its pods needs`,
    evidence: [`pod ${subject.pod}: "${quote(words)}"`],
    next: creation(rollout, reference, key),
    subject: { ...subject, ...(reference && { reference: { ...reference, key } }) },
    attempts,
  };
}

function creation(rollout: RolloutView, reference: Reference | undefined, key: string | undefined): string {
  if (!reference)
    return `kubectl ${rollout.flag} get configmaps,secrets, and compare with the names in the pod template`;
  const kind = reference.kind === 'Secret' ? 'secret' : 'configmap';
  if (key)
    return `kubectl ${rollout.flag} edit ${kind} ${reference.name} to add "${key}", or correct the key in the pod template`;
  const generic = reference.kind === 'Secret' ? 'secret generic' : 'configmap';
  return `kubectl ${rollout.flag} create ${generic} ${reference.name} --from-literal=<key>=<value>, or correct the name in the pod template`;
}

/** What the kubelet says is missing. */
function referenceIn(words: string): Reference | undefined {
  const object = /(configmap|secret) "([^"]+)" not found/i.exec(words);
  if (object) return { kind: /secret/i.test(object[1]) ? 'Secret' : 'ConfigMap', name: object[2] };
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) [^/\s]+\/(\S+)/.exec(words);
  return key ? { kind: key[2] === 'Secret' ? 'Secret' : 'ConfigMap', name: key[3], key: key[1] } : undefined;
}

function sourceOf(rollout: RolloutView, volume: string | undefined): string {
  const { name: _, ...source } =
    rollout.revision.replicaSet.spec?.template?.spec?.volumes?.find(({ name }) => name === volume) ?? {};
  return quote(JSON.stringify(source), 200);
}

/** "references non-existent secret key: crt" does not name the Secret; the pod template does. */
function keyOwner(rollout: RolloutView, volume: string | undefined): Reference | undefined {
  const volumes = rollout.revision.replicaSet.spec?.template?.spec?.volumes ?? [];
  const source = volumes.find(({ name }) => name === volume);
  if (source?.secret?.secretName) return { kind: 'Secret', name: source.secret.secretName };
  return source?.configMap?.name ? { kind: 'ConfigMap', name: source.configMap.name } : undefined;
}

function reason(words: string): string {
  const why = words.replace(/^MountVolume\.\w+ failed for volume "[^"]*" : /, '');
  const lineEnd = why.indexOf('\n');
  const output = why.lastIndexOf('Output: ');
  return lineEnd >= 0 && output > lineEnd ? `${why.slice(0, lineEnd)}: ${why.slice(output + 'Output: '.length)}` : why;
}
