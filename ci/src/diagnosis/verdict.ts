/**
 * Why a rollout fails: what the watch asks for and what a person reads. The pages under docs/runbook/ bear the names of
 * the causes.
 *
 *     history = remember(snapshot, history)           // each snapshot, judge.ts
 *     verdict = judge(snapshot, history)              // undefined: nothing that will not heal by itself yet
 *     verdict = await explain(verdict, snapshot, reads)   // what only a look at the world gives, explain.ts
 */
import type { ExplainImage } from '../image_name.ts';

export const causes = [
  'image-forbidden',
  'image-no-credentials',
  'image-not-found',
  'image-tls',
  'image-rate-limit',
  'image-unreachable',
  'image-name',
  'image-architecture',
  'image-pull',
  'crash-loop',
  'out-of-memory',
  'never-ready',
  'startup-probe',
  'liveness-probe',
  'unschedulable',
  'quota',
  'admission-denied',
  'missing-config',
  'volume-mount',
  'container-start',
  'security-context',
  'node-trouble',
  'deadline',
] as const;

export type Cause = (typeof causes)[number];

export type Verdict = {
  cause: Cause;
  /** What is printed beside the headline, for a person to search and a program to test: `ROLLOUT_CRASH_LOOP`. */
  code: string;
  /** One sentence: the Deployment, what is wrong, the offending value. */
  headline: string;
  /** What was seen, in the cluster's own words where it has any; one line each, secrets redacted. */
  evidence: string[];
  /** The command to type, or the value to change. */
  next: string;
  /** The page about the cause, relative to the root of the repository: `docs/runbook/<cause>.md`. */
  runbook: string;
  /** Waiting longer would not have helped. */
  permanent: boolean;
  /** What the verdict is about, for `explain` to look at. */
  subject: Subject;
};

/** Where the fault was seen; a part is missing where it does not apply (a quota leaves no pod). */
export type Subject = {
  pod?: string;
  container?: string;
  image?: string;
  node?: string;
  reference?: Reference;
  /** Of a probe that asks by HTTP. */
  probe?: { port: string; path: string };
};

/** An object that the pod template names, and the key in it. */
export type Reference = { kind: NamedKind; name: string; key?: string };

export type NamedKind = 'ConfigMap' | 'Secret' | 'ServiceAccount';

/** Since when a fault has been seen and in how many snapshots, by a key of `judge`'s own. */
export type History = ReadonlyMap<string, { since: Date; count: number }>;

/** What `explain` asks the world. Each may fail: what cannot be read becomes a line of evidence. */
export type Reads = {
  /** The last lines of a container's log; `previous` is the container before its last restart. */
  log: (pod: string, container: string, previous: boolean) => Promise<string>;
  /** Status and body of what a pod answers to GET, asked through the API server; undefined where that may not be done. */
  answer: (pod: string, port: string, path: string) => Promise<{ status: number; body: string } | undefined>;
  quotas: () => Promise<Quota[]>;
  nodes: () => Promise<NodeRoom[]>;
  /** Names only, never contents. */
  names: (kind: NamedKind) => Promise<string[]>;
  /** Keys of one ConfigMap or Secret, never values. */
  keys: (kind: 'ConfigMap' | 'Secret', name: string) => Promise<string[]>;
  /** Left out where the image does not come from ECR or no account is at hand. */
  explainImage?: ExplainImage;
};

/** Amounts as Kubernetes writes them ("500m", "2Gi"), by resource. */
export type Amounts = Record<string, string>;

export type Quota = { name: string; hard: Amounts; used: Amounts };

/** What a node has and what of it is spoken for. */
export type NodeRoom = {
  name: string;
  labels: Record<string, string>;
  /** `key=value:Effect`. */
  taints: string[];
  /** Conditions as they should not be, with the node's own words: "MemoryPressure is True since ...: kubelet has ...". */
  troubles: string[];
  allocatable: Amounts;
  /** The sum of the requests of the pods on it; missing where those of other namespaces may not be read. */
  requested?: Amounts;
};

export function runbookPage(cause: Cause): string {
  return `docs/runbook/${cause}.md`;
}

export function codeOf(cause: Cause): string {
  return `ROLLOUT_${cause.toUpperCase().replaceAll('-', '_')}`;
}
