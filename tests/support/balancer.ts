/**
 * Plays the controllers that a rollout waits for: it opens the readiness gates of a namespace's pods stage by stage, as the AWS
 * Load Balancer Controller does, and binds Services with a TargetGroupBinding; and it adds a node, as an autoscaler does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, apiOf } from './cluster/api.ts';

/** What the gate says, and for how many seconds: undefined leaves the condition out. The last one stays. */
export type Stage = { status: 'True' | 'False'; reason?: string; seconds: number } | { seconds: number };

export type Balancer = { stop(): Promise<void> };

type Pod = {
  metadata: { name: string; uid: string };
  spec: { readinessGates?: { conditionType: string }[] };
  status: { conditions?: { type: string; status: string; reason?: string }[] };
};

const lookMs = 300;

/** Each pod goes through the stages from the moment when its containers are ready. */
export function startBalancer(kubeconfig: string, namespace: string, stages: Stage[]): Balancer {
  const api = apiOf(kubeconfig);
  const patch = apiOf(kubeconfig, { 'content-type': 'application/strategic-merge-patch+json' });
  const readySince = new Map<string, number>();
  const path = `/api/v1/namespaces/${namespace}/pods`;

  async function look(): Promise<void> {
    const { items = [] }: { items?: Pod[] } = JSON.parse((await api('GET', path)).body);
    for (const { metadata, spec, status } of items) {
      const [gate] = spec.readinessGates ?? [];
      const isReady = status.conditions?.some(({ type, status }) => type === 'ContainersReady' && status === 'True');
      if (!gate || !isReady) continue;
      const since = readySince.get(metadata.uid) ?? Date.now();
      readySince.set(metadata.uid, since);
      const stage = stageAfter(stages, (Date.now() - since) / 1000);
      const shown = status.conditions?.find(({ type }) => type === gate.conditionType);
      if (!('status' in stage) || (shown?.status === stage.status && shown.reason === stage.reason)) continue;
      const condition = { type: gate.conditionType, status: stage.status, reason: stage.reason, message: stage.reason };
      await patch('PATCH', `${path}/${metadata.name}/status`, { status: { conditions: [condition] } });
    }
  }
  return repeated(look);
}

function stageAfter(stages: Stage[], seconds: number): Stage {
  let end = 0;
  for (const stage of stages) {
    end += stage.seconds;
    if (seconds < end) return stage;
  }
  return stages[stages.length - 1];
}

const kind = { group: 'elbv2.k8s.aws', plural: 'targetgroupbindings' };
const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions`;

/** Binds every Service of type LoadBalancer, in all namespaces, some seconds after it appears. Removes its kind at the end. */
export async function startBinder(kubeconfig: string, seconds: number): Promise<Balancer> {
  const api = apiOf(kubeconfig);
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await api('POST', definition, {
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      scope: 'Namespaced',
      names: { plural: kind.plural, singular: 'targetgroupbinding', kind: 'TargetGroupBinding' },
      versions: [{ name: 'v1beta1', served: true, storage: true, schema }],
    },
  });
  const seen = new Map<string, number>();
  const look = async () => {
    const { items = [] } = JSON.parse((await api('GET', '/api/v1/services')).body);
    for (const { metadata, spec } of items as {
      metadata: { name: string; namespace: string; uid: string };
      spec: { type: string };
    }[]) {
      if (spec.type !== 'LoadBalancer') continue;
      const since = seen.get(metadata.uid) ?? Date.now();
      seen.set(metadata.uid, since);
      if (Date.now() - since < seconds * 1000) continue;
      await bind(api, metadata);
    }
  };
  const running = repeated(look);
  return {
    async stop() {
      await running.stop();
      await api('DELETE', `${definition}/${kind.plural}.${kind.group}`);
    },
  };
}

async function bind(api: Api, { name, namespace }: { name: string; namespace: string }): Promise<void> {
  await api('POST', `/apis/${kind.group}/v1beta1/namespaces/${namespace}/${kind.plural}`, {
    apiVersion: `${kind.group}/v1beta1`,
    kind: 'TargetGroupBinding',
    metadata: { name: `k8s-${name}` },
    spec: { serviceRef: { name, port: 80 }, targetType: 'ip' },
  });
}

/**
 * Announces a node for the first pod of the namespace that no node can run, and gives the label that the pod asks for to every
 * node some seconds later. Takes the label away at the end.
 */
export function startScaler(kubeconfig: string, namespace: string, label: string, seconds: number): Balancer {
  const api = apiOf(kubeconfig);
  const patch = apiOf(kubeconfig, { 'content-type': 'application/merge-patch+json' });
  let announcedAt = 0;
  let isAdded = false;
  const setLabel = async (value: string | null) => {
    const { items = [] }: { items?: Pod[] } = JSON.parse((await api('GET', '/api/v1/nodes')).body);
    for (const { metadata } of items)
      await patch('PATCH', `/api/v1/nodes/${metadata.name}`, { metadata: { labels: { [label]: value } } });
  };
  const look = async () => {
    if (announcedAt === 0) {
      const { items = [] }: { items?: Pod[] } = JSON.parse(
        (await api('GET', `/api/v1/namespaces/${namespace}/pods`)).body,
      );
      const pod = items.find(({ status }) =>
        status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable'),
      );
      if (!pod) return;
      announcedAt = Date.now();
      await announce(api, namespace, pod);
    } else if (!isAdded && Date.now() - announcedAt > seconds * 1000) {
      isAdded = true;
      await setLabel('yes');
    }
  };
  const running = repeated(look);
  return {
    async stop() {
      await running.stop();
      await setLabel(null);
    },
  };
}

/** As the cluster autoscaler words it. */
async function announce(api: Api, namespace: string, { metadata: { name, uid } }: Pod): Promise<void> {
  const now = new Date().toISOString();
  await api('POST', `/api/v1/namespaces/${namespace}/events`, {
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid },
    type: 'Normal',
    reason: 'TriggeredScaleUp',
    message: 'pod triggered scale-up: [{eks-general-1 1->2 (max: 4)}]',
    source: { component: 'cluster-autoscaler' },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
}

function repeated(look: () => Promise<void>): Balancer {
  let isStopped = false;
  const run = (async () => {
    while (!isStopped) {
      // The cluster may be slow to answer; the next look comes anyway.
      await look().catch(() => {});
      await sleep(lookMs);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await run;
    },
  };
}
