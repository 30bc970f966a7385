/**
 * Pods that are never created: a quota, a limit range, Pod Security, a policy, a webhook, a missing name. The Deployment says
 * so in a condition that is cut at about 200 characters; the whole sentence is in an event of its ReplicaSet.
 */
import type { ApiError } from '../kubernetes/api_error.ts';
import { type Finding, lastEvent, type RolloutView, timesReported, type Verdict, verdictOf } from './finding.ts';
import { parseQuantity } from './quantity.ts';
import { quote } from './text.ts';

export function creationFindings(rollout: RolloutView): Finding[] {
  const conditions = rollout.snapshot.deployment.status?.conditions ?? [];
  const failure = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (!failure) return [];
  const events = rollout.revision.events.filter(({ involvedObject }) => involvedObject.kind === 'ReplicaSet');
  const event = lastEvent(events, 'FailedCreate');
  // the condition may still be the previous revision's
  if (!event && !(failure.message ?? '').includes(rollout.revision.replicaSet.metadata?.name ?? ' ')) return [];
  const words = (event?.message ?? failure.message ?? '')
    .replace(/^\(combined from similar events\): /, '')
    .replace(/^Error creating: /, '');
  const found = refusal(words, rollout.deployment, 'its pods are');
  return [{ ...found, attempts: timesReported(events, 'FailedCreate') || undefined }];
}

/**
 * The same for an answer of the API server itself. `name` is `namespace/name` of the Deployment; `what` begins the sentence
 * that ends in "refused": "it is", "its pods are".
 */
export function judgeRefusal(error: ApiError, name: string, what: string): Verdict {
  return verdictOf({ ...refusal(error.message, name, what), permanent: true });
}

/** Undefined for a refusal that comes from no quota, admission check or webhook: the object itself is wrong. */
export function judgeAdmission(error: ApiError, name: string, what: string): Verdict | undefined {
  const found = known(error.message, name, what);
  return found && verdictOf({ ...found, permanent: true });
}

export function refusal(words: string, name: string, what: string): Finding {
  const reason = quote(words.replace(/^pods? "[^"]*" is (forbidden|invalid): /, ''), 300);
  return (
    known(words, name, what) ?? {
      cause: 'admission-denied',
      headline: `Deployment ${name}: ${what} refused: ${reason}`,
      evidence: [`"${quote(words, 900)}"`],
      next: `kubectl ${flagOf(name)} describe replicaset; change what the message names in the pod template`,
      subject: {},
    }
  );
}

type Known = Pick<Finding, 'cause' | 'next' | 'permanent' | 'needsRoom'> & {
  /** What follows "its pods are refused", or the whole sentence where `isWhole`. */
  says: string;
  isWhole?: boolean;
  subject?: Finding['subject'];
};

/** The wordings of the API server, each with what it means. They exclude each other. */
const wordings: [RegExp, (groups: string[], flag: string) => Known][] = [
  [
    /exceeded quota: ([^,\s]+), requested: (\S+), used: (\S+), limited: (\S+)/,
    ([name, requested, used, limited], flag) => ({
      cause: 'quota',
      says: `, quota "${name}" is exhausted: requested ${quote(requested)}, used ${quote(used)}, limit ${quote(limited)}`,
      next: `lower the requests or the replicas, or raise the quota: kubectl ${flag} edit resourcequota ${name}`,
      permanent: exceedsAlone(requested, limited),
      needsRoom: true,
    }),
  ],
  [
    /failed quota: ([^:\s]+): must specify (.+)/,
    ([name, fields]) => ({
      cause: 'quota',
      says: `, quota "${name}" requires them to specify ${quote(fields)}`,
      next: `set ${quote(fields)} in resources of each container of the pod template`,
      permanent: true,
    }),
  ],
  [
    /(maximum|minimum) (\S+) usage per (\S+) is (\S+), but (\S+) is ([^\s,.]+)/,
    ([bound, resource, per, allowed, field, asked], flag) => ({
      cause: 'quota',
      says: ` by a LimitRange: the ${bound} of ${resource} per ${per} is ${allowed}, their ${field} is ${asked}`,
      next: `set the ${field} of ${resource} within ${allowed}, or see kubectl ${flag} describe limitrange`,
      permanent: true,
    }),
  ],
  [
    /violates PodSecurity "([^"]+)": (.+)$/s,
    ([level, faults], flag) => ({
      cause: 'admission-denied',
      says: ` by Pod Security "${level}": ${quote(faults, 300)}`,
      next: `correct the securityContext of the pod template as each bracket says, or lower the level: kubectl label namespace ${flag.slice(3)} pod-security.kubernetes.io/enforce=... --overwrite`,
      permanent: true,
    }),
  ],
  [
    /admission webhook "([^"]+)" denied the request(?:: (.+)| without explanation)?/s,
    ([name, why]) => ({
      cause: 'admission-denied',
      says: ` by admission webhook "${name}": ${quote(why, 300) || 'without explanation'}`,
      next: `change the pod template as webhook "${name}" requires, or ask its owner: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`,
      permanent: true,
    }),
  ],
  [
    /ValidatingAdmissionPolicy '([^']+)'(?: with binding '[^']+')? denied request: (.+)$/s,
    ([name, why]) => ({
      cause: 'admission-denied',
      says: ` by ValidatingAdmissionPolicy "${name}": ${quote(why, 300)}`,
      next: `change the pod template as policy "${name}" requires: kubectl get validatingadmissionpolicy ${name} -o yaml`,
      permanent: true,
    }),
  ],
  [
    /failed calling webhook "([^"]+)": (?:failed to call webhook: )?(.+)$/s,
    ([name, why]) => ({
      cause: 'admission-denied',
      says: `, because webhook "${name}" cannot be reached: ${quote(why.replace(/^Post "[^"]*": /, ''), 300)}`,
      next: `repair the server behind webhook "${name}" (its address is in the message), or change its failurePolicy: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`,
    }),
  ],
  [
    /service ?account "?(?:[^"\s/]*\/)*([^"\s/]+)"? (?:was )?not found/i,
    ([account], flag) => ({
      cause: 'missing-config',
      says: `there is no ServiceAccount "${account}", which its pods need`,
      isWhole: true,
      next: `kubectl ${flag} create serviceaccount ${account}, or correct serviceAccountName in the pod template`,
      subject: { reference: { kind: 'ServiceAccount', name: account } },
    }),
  ],
];

function flagOf(name: string): string {
  return `-n ${name.includes('/') ? name.split('/')[0] : 'default'}`;
}

function known(words: string, name: string, what: string): Finding | undefined {
  for (const [text, tell] of wordings) {
    const match = text.exec(words);
    if (!match) continue;
    const { says, isWhole, subject = {}, ...rest } = tell(match.slice(1), flagOf(name));
    const headline = `Deployment ${name}: ${isWhole ? says : `${what} refused${says}`}`;
    return { ...rest, headline, evidence: [`"${quote(words, 900)}"`], subject };
  }
  return undefined;
}

/** Whether one pod alone requests more than the whole quota: "requests.cpu=2,pods=1" against "requests.cpu=1,pods=5". */
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
