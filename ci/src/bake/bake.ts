/**
 * After the last pod: the new revision answers users, and is watched for a while. What it counts is compared with what the
 * revision before it counted while both ran, or since its pods started where that is too little.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '#kubernetes';
import { newRevision, readSnapshot, type Snapshot } from '../kubernetes/snapshot.ts';
import { type AlertWatch, watchAlerts } from './alerts.ts';
import { type Comparison, compare } from './compare.ts';
import { type Meter, makeMeter } from './meter.ts';
import type { SignalTable } from './signals.ts';

export type Watching = {
  /** Begins to look at the pods of all revisions, until `stop`. */
  meter: Meter;
  /** With an address of a Prometheus. */
  alerts?: AlertWatch;
  stop: () => void;
};

const betweenMs = 5000;

/** Looks at the pods every five seconds, so that both revisions are seen while both run. Never throws. */
export function startWatching(
  kubeConfig: KubeConfig,
  deployment: { namespace: string; name: string },
  table: SignalTable,
  prometheus?: string,
): Watching {
  const meter = makeMeter(kubeConfig, deployment.namespace, table);
  const alerts = prometheus ? watchAlerts({ address: prometheus, labels: table.alerts ?? {} }) : undefined;
  const stopped = new AbortController();
  const run = async () => {
    // What fires before the release is not its doing.
    await alerts?.look();
    while (!stopped.signal.aborted) {
      const snapshot = await readSnapshot(kubeConfig, deployment.namespace, deployment.name, 5).catch(() => undefined);
      if (snapshot) await meter.look(snapshot);
      await sleep(betweenMs, undefined, { signal: stopped.signal }).catch(() => {});
    }
  };
  run();
  return { meter, alerts, stop: () => stopped.abort() };
}

export type Baked = {
  /** Seconds it was watched. */
  seconds: number;
  /** One for each signal, at the end. */
  comparisons: Comparison[];
  /** Why the new revision must go; undefined: it is not contradicted. */
  worse?: Comparison;
  /** Why nothing could be compared. */
  trouble?: string;
};

type BakeOptions = {
  kubeConfig: KubeConfig;
  /** Of the rollout's end. */
  snapshot: Snapshot;
  watching: Watching;
  table: SignalTable;
  /** The ReplicaSet that the new one replaced. */
  before: string;
  seconds: number;
  onProgress: (line: string) => void;
  onLook?: (comparisons: Comparison[]) => void;
  signal: AbortSignal;
};

/** Ends early when a signal is worse in two looks in a row. Throws the signal's reason. */
export async function bake(options: BakeOptions): Promise<Baked> {
  const { kubeConfig, watching, table, before, seconds, onProgress, signal } = options;
  const { namespace = 'default', name = '' } = options.snapshot.deployment.metadata ?? {};
  const own = newRevision(options.snapshot)?.replicaSet.metadata?.name ?? '';
  const begun = Date.now();
  let suspected: string | undefined;
  let snapshot = options.snapshot;
  onProgress(`watching the new revision for ${seconds} s, against ReplicaSet ${before}`);
  for (;;) {
    await sleep(Math.min(betweenMs, Math.max(0, begun + seconds * 1000 - Date.now())), undefined, { signal });
    snapshot = (await readSnapshot(kubeConfig, namespace, name).catch(() => undefined)) ?? snapshot;
    const { meter } = watching;
    const comparisons = [
      restarts(snapshot),
      ...table.signals.map((each) => compare(each, baseline(meter, before), meter.since(own))),
      ...(watching.alerts ? [await watching.alerts.look()] : []),
    ];
    options.onLook?.(comparisons);
    const worse = comparisons.find(({ state }) => state === 'worse');
    const passed = (Date.now() - begun) / 1000;
    if (worse && (suspected === worse.name || passed >= seconds)) return { seconds: passed, comparisons, worse };
    suspected = worse?.name;
    if (passed >= seconds) return { seconds: passed, comparisons, trouble: meter.trouble() };
  }
}

/** With fewer samples than this in the window, those since the start of the pods say more. */
const leastSamples = 1000;

function baseline(meter: Meter, replicaSet: string) {
  const window = meter.since(replicaSet);
  const most = Math.max(0, ...window.map(({ value }) => value).filter(Number.isFinite));
  return most >= leastSamples ? window : meter.lifetime(replicaSet);
}

/** Restarts are in the pods' own status: none is normal. One may be a node's fault; out of memory is not. */
function restarts(snapshot: Snapshot): Comparison {
  const statuses = (newRevision(snapshot)?.pods ?? []).flatMap(({ status }) => status?.containerStatuses ?? []);
  const count = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const ends = statuses.flatMap(({ lastState }) => lastState?.terminated ?? []);
  const killed = ends.find(({ reason }) => reason === 'OOMKilled');
  const why = killed ? ' (OOMKilled)' : ends.length > 0 ? ` (exit code ${ends.at(-1)?.exitCode})` : '';
  return {
    name: 'restarts',
    state: killed || count >= 2 ? 'worse' : 'fine',
    says: `restarts: ${count}${why}, before 0`,
  };
}
