/**
 * Pods that are not even made: a quota, a limit range, Pod Security, a webhook, a name that is missing. The Deployment says
 * so in a condition that it cuts at 200 characters or so; the whole sentence is in an event of its ReplicaSet.
 */
import type { ApiError } from '../deploy/api_error.ts';
import { type Finding, lastEvent, quote, type Scene, timesSaid, verdictOf } from './finding.ts';
import { parseQuantity } from './quantity.ts';
import type { Verdict } from './verdict.ts';

export function creationFindings(scene: Scene): Finding[] {
  const conditions = scene.snapshot.deployment.status?.conditions ?? [];
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (!failure) return [];
  const events = scene.revision.events.filter(({ involvedObject }) => involvedObject.kind === 'ReplicaSet');
  const event = lastEvent(events, 'FailedCreate');
  // the condition may still be the one of the revision before
  if (!event && !(failure.message ?? '').includes(scene.revision.replicaSet.metadata?.name ?? ' ')) return [];
  const words = (event?.message ?? failure.message ?? '')
    .replace(/^\(combined from similar events\): /, '')
    .replace(/^Error creating: /, '');
  return [{ ...refusal(words, scene), attempts: timesSaid(events, 'FailedCreate') || undefined }];
}

/**
 * The same for what the API server itself answers. `name` is `namespace/name` of the Deployment, `what` is refused: "it is",
 * "its pods are".
 */
export function judgeRefusal(error: ApiError, name: string, what: string): Verdict {
  return verdictOf({ ...refusal(error.message, aboutOf(name, what)), permanent: true });
}

/** Undefined for what does not come from a quota, an admission check or a webhook: the object itself is wrong. */
export function judgeAdmission(error: ApiError, name: string, what: string): Verdict | undefined {
  const found = known(error.message, aboutOf(name, what));
  return found && verdictOf({ ...found, permanent: true });
}

type About = Pick<Scene, 'deployment' | 'flag'> & { what?: string };

function aboutOf(name: string, what: string): About {
  const namespace = name.includes('/') ? name.split('/')[0] : 'default';
  return { deployment: name, flag: `-n ${namespace}`, what };
}

function startOf({ deployment, what = 'its pods are' }: About): string {
  return `Deployment ${deployment}: ${what} refused`;
}

function refusal(words: string, about: About): Finding {
  const reason = quote(words.replace(/^pods? "[^"]*" is (forbidden|invalid): /, ''), 300);
  return (
    known(words, about) ?? {
      cause: 'admission-denied',
      headline: `${startOf(about)}: ${reason}`,
      evidence: [`"${quote(words, 900)}"`],
      next: `kubectl ${about.flag} describe replicaset; change what the message names in the pod template`,
      subject: {},
      permanent: false,
    }
  );
}

function known(words: string, about: About): Finding | undefined {
  const start = startOf(about);
  const shared = { evidence: [`"${quote(words, 900)}"`], subject: {} };
  const quota = /exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)$/s.exec(words);
  if (quota) {
    const [, name, requested, used, limited] = quota;
    return {
      ...shared,
      cause: 'quota',
      headline: `${start}, quota "${name}" is used up: ${quote(requested)} asked, ${quote(used)} used, ${quote(limited)} allowed`,
      next: `lower the requests, or the replicas, or raise the quota: kubectl ${about.flag} edit resourcequota ${name}`,
      // old pods on their way out free some of it
      permanent: exceedsAlone(requested, limited),
    };
  }
  const unset = /failed quota: ([^:]+): must specify (.+)$/.exec(words);
  if (unset) {
    const [, name, fields] = unset;
    const headline = `${start}, quota "${name}" demands that they specify ${quote(fields)}`;
    return {
      ...shared,
      cause: 'quota',
      headline,
      next: `set ${quote(fields)} in resources of each container of the pod template`,
      permanent: true,
    };
  }
  const range = /(maximum|minimum) (\S+) usage per (\S+) is (\S+), but (\S+) is ([^\s,.]+)/.exec(words);
  if (range) {
    const [, bound, resource, per, allowed, field, asked] = range;
    const headline = `${start} by a LimitRange: the ${bound} of ${resource} per ${per} is ${allowed}, their ${field} is ${asked}`;
    const next = `set the ${field} of ${resource} within ${allowed}, or see kubectl ${about.flag} describe limitrange`;
    return { ...shared, cause: 'quota', headline, next, permanent: true };
  }
  return admission(words, about, start, shared);
}

function admission(
  words: string,
  about: About,
  start: string,
  shared: { evidence: string[]; subject: object },
): Finding | undefined {
  const security = /violates PodSecurity "([^"]+)": (.+)$/s.exec(words);
  if (security) {
    const [, level, faults] = security;
    const headline = `${start} by Pod Security "${level}": ${quote(faults, 300)}`;
    const next = `correct the securityContext of the pod template as each bracket says, or lower the level: kubectl label namespace ${about.flag.slice(3)} pod-security.kubernetes.io/enforce=... --overwrite`;
    return { ...shared, cause: 'admission-denied', headline, next, permanent: true };
  }
  const webhook = /admission webhook "([^"]+)" denied the request(?:: (.+)| without explanation)?/s.exec(words);
  if (webhook) {
    const [, name, why] = webhook;
    const headline = `${start} by admission webhook "${name}": ${quote(why, 300) || 'without explanation'}`;
    return {
      ...shared,
      cause: 'admission-denied',
      headline,
      next: `change the pod template as webhook "${name}" asks, or ask who runs it: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`,
      permanent: true,
    };
  }
  const policy = /ValidatingAdmissionPolicy '([^']+)'.*denied request: (.+)$/s.exec(words);
  if (policy) {
    const [, name, why] = policy;
    const headline = `${start} by ValidatingAdmissionPolicy "${name}": ${quote(why, 300)}`;
    return {
      ...shared,
      cause: 'admission-denied',
      headline,
      next: `change the pod template as policy "${name}" asks: kubectl get validatingadmissionpolicy ${name} -o yaml`,
      permanent: true,
    };
  }
  const call = /failed calling webhook "([^"]+)": (?:failed to call webhook: )?(.+)$/s.exec(words);
  if (call) {
    const [, name, why] = call;
    const headline = `${start}, because webhook "${name}" cannot be asked: ${quote(why.replace(/^Post "[^"]*": /, ''), 300)}`;
    return {
      ...shared,
      cause: 'admission-denied',
      headline,
      next: `mend what answers for webhook "${name}" (its address is in the message), or have its failurePolicy changed: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`,
      permanent: false,
    };
  }
  const account = /service ?account "?[^"\s]*?([^"\s/]+)"? (?:was )?not found/i.exec(words)?.[1];
  if (account) {
    const headline = `Deployment ${about.deployment}: there is no ServiceAccount "${account}", under which its pods are to run`;
    return {
      ...shared,
      subject: { reference: { kind: 'ServiceAccount', name: account } },
      cause: 'missing-config',
      headline,
      next: `kubectl ${about.flag} create serviceaccount ${account}, or correct serviceAccountName in the pod template`,
      permanent: false,
    };
  }
  return undefined;
}

/** Whether one pod alone asks for more than the quota allows in all: "requests.cpu=2,pods=1" against "requests.cpu=1,pods=5". */
function exceedsAlone(requested: string, limited: string): boolean {
  const allowed = amounts(limited);
  return Object.entries(amounts(requested)).some(
    ([name, amount]) => amount > (allowed[name] ?? Number.POSITIVE_INFINITY),
  );
}

function amounts(text: string): Record<string, number> {
  const pairs = text.split(',').map((pair) => pair.trim().split('='));
  return Object.fromEntries(pairs.map(([name, amount]) => [name, parseQuantity(amount ?? '')]));
}
