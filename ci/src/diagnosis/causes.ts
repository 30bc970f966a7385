/**
 * Every cause of a failed rollout. A new cause is four files: a line in this table, its detection in the file of its family
 * (image, containers, probes, scheduling, creation, config, nodes or deployment), its page docs/runbook/<cause>.md, and a
 * scenario in tests/support/diagnosis_scenarios.ts; tests hold that. `node tests/support/diagnosis_report.ts` then writes the
 * table of docs/deploy.md.
 */
import { PipelineError } from '../errors.ts';
import { nearNames } from '../image_name.ts';

/** Both must be reached: `attempts` by the cluster (where it counts them), and `seconds` since the fault was first seen. */
export type Patience = { attempts: number; seconds: number };

/** What `explain` reads to complete a verdict. */
export type Explanation = 'registry' | 'log' | 'probe' | 'quotas' | 'nodes' | 'node' | 'names';

type CauseFacts = {
  /**
   * When a snapshot shows several faults, one that cannot heal becomes the verdict before one that may; among equals, the
   * one with the lowest rank. No two causes have the same.
   */
  rank: number;
  /** How long to wait for it to heal. What cannot heal is reported at first sight, unless the caller sets a patience. */
  patience: Patience | 'cannot heal';
  explain?: Explanation;
  /** An exception to the patience, for the table in docs/deploy.md. */
  note?: string;
};

/**
 * The cluster's own rhythm gives these numbers. A kubelet retries a pull after 10 s, then 20, 40 ... 300 s; it restarts a
 * container after 0, 10, 20 ... s and retries a mount after .5, 1, 2 ... s
 * (https://kubernetes.io/docs/concepts/containers/images/, .../workloads/pods/pod-lifecycle/#restart-policy). A cluster
 * autoscaler says within half a minute whether it adds a node. Each fault gets at least one retry.
 */
const standard: Patience = { attempts: 2, seconds: 60 };

const table = {
  'image-forbidden': { rank: 10, patience: 'cannot heal', explain: 'registry' },
  'image-no-credentials': { rank: 20, patience: 'cannot heal', explain: 'registry' },
  // A new image can be visible late: ECR (kreuzwerker/terraform-provider-docker#600) and Docker Hub
  // (int128/docker-manifest-create-action#857) answered "not found" to the first pull after a push.
  'image-not-found': {
    rank: 30,
    patience: { attempts: 2, seconds: 10 },
    explain: 'registry',
    note: 'at first sight with imagePullPolicy: Never',
  },
  'image-tls': { rank: 40, patience: 'cannot heal' },
  'image-rate-limit': { rank: 50, patience: { attempts: 3, seconds: 90 } },
  'image-unreachable': { rank: 60, patience: { attempts: 2, seconds: 10 }, explain: 'registry' },
  'image-name': { rank: 70, patience: 'cannot heal', explain: 'registry' },
  'image-architecture': { rank: 80, patience: 'cannot heal', explain: 'registry' },
  'image-pull': { rank: 90, patience: { attempts: 2, seconds: 30 }, explain: 'registry' },
  'crash-loop': { rank: 100, patience: { attempts: 2, seconds: 20 }, explain: 'log' },
  'out-of-memory': { rank: 110, patience: { attempts: 2, seconds: 0 }, explain: 'log' },
  'never-ready': {
    rank: 120,
    patience: standard,
    explain: 'probe',
    note: "plus the probe's own time, or twice the time that the revision before needed; a gate that is being worked on has until the deadline",
  },
  'startup-probe': { rank: 130, patience: 'cannot heal', explain: 'probe' },
  'liveness-probe': { rank: 140, patience: { attempts: 2, seconds: 10 }, explain: 'probe' },
  unschedulable: {
    rank: 150,
    patience: standard,
    explain: 'nodes',
    note: 'until the deadline while a node is being added, or old pods that are ending make room',
  },
  quota: {
    rank: 160,
    patience: { attempts: 2, seconds: 30 },
    explain: 'quotas',
    note: 'at first sight when one pod alone exceeds it; until the deadline while old pods that are ending make room',
  },
  'admission-denied': {
    rank: 170,
    patience: { attempts: 2, seconds: 30 },
    note: 'at first sight when a policy or webhook denies the pod',
  },
  'missing-config': { rank: 180, patience: { attempts: 2, seconds: 12 }, explain: 'names' },
  'volume-mount': { rank: 190, patience: { attempts: 3, seconds: 30 } },
  'container-start': {
    rank: 200,
    patience: { attempts: 2, seconds: 30 },
    note: 'at first sight when the image lacks the command',
  },
  'security-context': { rank: 210, patience: 'cannot heal' },
  'node-trouble': { rank: 220, patience: standard, explain: 'node', note: 'evicted pods: the second one' },
  // After the last pod: each is asked for half a minute, longer where nothing answers at all, a balancer for a minute.
  'no-answer': {
    rank: 225,
    patience: { attempts: 1, seconds: 30 },
    note: 'counted from the last pod that is ready; 90 s without any answer, not even a refusal',
  },
  // While it bakes: each look is a test that knows its sample size, and two in a row must agree.
  worse: { rank: 227, patience: { attempts: 2, seconds: 5 }, note: 'while the release bakes' },
  deadline: { rank: 230, patience: standard, note: 'at the deadline' },
} satisfies Record<string, CauseFacts>;

export type Cause = keyof typeof table;

export const causes: Readonly<Record<Cause, CauseFacts>> = table;

export const causeNames = Object.keys(table) as Cause[];

/** The page about the cause, relative to the root of the repository. */
export function runbookPage(cause: Cause): string {
  return `docs/runbook/${cause}.md`;
}

/** What is printed beside the headline, for people to search and programs to test: `ROLLOUT_CRASH_LOOP`. */
export function codeOf(cause: Cause): string {
  return `ROLLOUT_${cause.toUpperCase().replaceAll('-', '_')}`;
}

/** Seconds by cause that replace those of the table; 0 means at first sight. Causes that cannot heal can be given some too. */
export type PatienceTable = Partial<Record<Cause, number>>;

export function patienceFor(cause: Cause, own: PatienceTable = {}): Patience {
  const { patience } = causes[cause];
  const { attempts, seconds } = patience === 'cannot heal' ? standard : patience;
  return { attempts, seconds: own[cause] ?? seconds };
}

/** Reads words like `image-not-found=120`. Throws PATIENCE. */
export function parsePatience(words: string[]): PatienceTable {
  const own: PatienceTable = {};
  for (const word of words) {
    const [name, seconds = ''] = word.split('=');
    const cause = causeNames.find((each) => each === name);
    if (cause === undefined) {
      const [near] = nearNames(name, causeNames);
      const next = `write ${near ? `${near}=SECONDS, or another` : 'one'} of ${causeNames.join(', ')}`;
      throw new PipelineError('PATIENCE', `"${name}" is an unknown cause, so its patience cannot be set`, { next });
    }
    if (!/^\d+(\.\d+)?$/.test(seconds)) {
      const headline = `the patience is "${word}", expected ${cause}=SECONDS with 0 or more seconds`;
      throw new PipelineError('PATIENCE', headline, { next: `write ${cause}=${patienceFor(cause).seconds}` });
    }
    own[cause] = Number(seconds);
  }
  return own;
}
