/**
 * What the pods of each revision have counted, read from their metrics through the API server's proxy. A counter that falls
 * belongs to a container that was restarted: what it counts from then on is added.
 */
import type { KubeConfig, V1Pod } from '#kubernetes';
import { describeError } from '../kubernetes/api_error.ts';
import { ask } from '../kubernetes/objects.ts';
import { isOwnedBy, isReady, type Snapshot } from '../kubernetes/snapshot.ts';
import { withTimeout } from '../timeout.ts';
import { parseExposition, type Sample } from './exposition.ts';
import type { SignalTable } from './signals.ts';

/** One pod: its counters at the first look, at the last one, and what was counted in between. */
type Reading = {
  replicaSet: string;
  last: Map<string, Sample>;
  counted: Map<string, Sample>;
  whole: Map<string, Sample>;
};

export type Meter = {
  /** Looks at all ready pods once. Never throws: what cannot be read is in `troubles`. */
  look: (snapshot: Snapshot) => Promise<void>;
  /** Since the first look at each of its pods, over all pods of a ReplicaSet. */
  since: (replicaSet: string) => Sample[];
  /** Since each pod started. */
  lifetime: (replicaSet: string) => Sample[];
  /** Why nothing could be read last, if so. */
  trouble: () => string | undefined;
};

const askMs = 5000;

export function makeMeter(kubeConfig: KubeConfig, namespace: string, table: SignalTable): Meter {
  const pods = new Map<string, Reading>();
  let trouble: string | undefined;

  async function read(pod: V1Pod): Promise<Sample[]> {
    const { port, path } = metricsAddress(pod, table);
    const target = `/api/v1/namespaces/${namespace}/pods/${pod.metadata?.name}:${port}/proxy${path}`;
    const { status, body } = await withTimeout(ask(kubeConfig, { method: 'GET', path: target }), askMs);
    if (status === 200) return parseExposition(body);
    throw new Error(status === 403 ? 'no right to get pods/proxy' : `GET ${path} answers ${status}`);
  }

  async function look(snapshot: Snapshot): Promise<void> {
    const before = trouble;
    const failed = await Promise.all(
      snapshot.replicaSets.flatMap((set) =>
        snapshot.pods
          .filter((pod) => isOwnedBy(pod, [set]) && isReady(pod))
          .map(async (pod) => {
            try {
              take(pod.metadata?.uid ?? '', set.metadata?.name ?? '', await read(pod));
              return undefined;
            } catch (error) {
              return `the metrics of pod ${pod.metadata?.name} cannot be read: ${describeError(error)}`;
            }
          }),
      ),
    );
    const said = failed.filter((each) => each !== undefined);
    trouble = said.length > 0 && said.length === failed.length ? said[0] : failed.length > 0 ? undefined : before;
  }

  function take(uid: string, replicaSet: string, samples: Sample[]): void {
    const now = new Map(samples.map((sample) => [keyOf(sample), sample]));
    const known = pods.get(uid);
    if (!known) {
      pods.set(uid, { replicaSet, last: now, counted: new Map(), whole: new Map(now) });
      return;
    }
    for (const [key, sample] of now) {
      const before = known.last.get(key)?.value ?? 0;
      const more = sample.value >= before ? sample.value - before : sample.value;
      add(known.counted, key, sample, more);
      if (sample.value < before) add(known.whole, key, sample, sample.value);
      else add(known.whole, key, sample, more);
    }
    known.last = now;
  }

  function sumOf(replicaSet: string, part: (reading: Reading) => Map<string, Sample>): Sample[] {
    const sums = new Map<string, Sample>();
    for (const reading of pods.values()) {
      if (reading.replicaSet !== replicaSet) continue;
      for (const [key, sample] of part(reading)) add(sums, key, sample, sample.value);
    }
    return [...sums.values()];
  }

  return {
    look,
    since: (replicaSet) => sumOf(replicaSet, ({ counted }) => counted),
    lifetime: (replicaSet) => sumOf(replicaSet, ({ whole }) => whole),
    trouble: () => trouble,
  };
}

/** Where it shows its metrics. */
export function metricsAddress(pod: V1Pod, table: SignalTable): { port: string; path: string } {
  const notes = pod.metadata?.annotations ?? {};
  const declared = pod.spec?.containers[0]?.ports?.[0]?.containerPort;
  return {
    port: table.port ?? notes['prometheus.io/port'] ?? String(declared ?? 8080),
    path: table.path ?? notes['prometheus.io/path'] ?? '/metrics',
  };
}

function add(sums: Map<string, Sample>, key: string, sample: Sample, more: number): void {
  const before = sums.get(key)?.value ?? 0;
  sums.set(key, { ...sample, value: before + more });
}

function keyOf({ name, labels }: Sample): string {
  return `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
}
