/** What an explanation may read from the cluster and the registry, with a deployer's rights. */
import type { CoreV1Api, KubeConfig, V1Node, V1Pod } from '#kubernetes';
import type { ExplainImage } from '../image_name.ts';
import { describeError, podAnswer } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';
import { conditionWords } from '../kubernetes/nodes.ts';
import type { Snapshot } from '../kubernetes/snapshot.ts';
import { withTimeout } from '../timeout.ts';
import type { NamedKind, Verdict } from './finding.ts';
import { type Amounts, formatQuantity, sumAmounts } from './quantity.ts';
import { quote } from './text.ts';

/** Each may fail: what cannot be read becomes a line of evidence. */
export type Reads = {
  /** The last lines of a container's log; `previous` is the container before its last restart. */
  log: (pod: string, container: string, previous: boolean) => Promise<string>;
  /** Status and body of a pod's answer to GET, through the API server; undefined without the right to ask. */
  answer: (pod: string, port: string, path: string) => Promise<{ status: number; body: string } | undefined>;
  quotas: () => Promise<Quota[]>;
  nodes: () => Promise<NodeRoom[]>;
  /** Names only, never contents. */
  names: (kind: NamedKind) => Promise<string[]>;
  /** Keys of one ConfigMap or Secret, never values. */
  keys: (kind: 'ConfigMap' | 'Secret', name: string) => Promise<string[]>;
  /** Missing where no registry can be asked. */
  explainImage?: ExplainImage;
};

export type Quota = { name: string; hard: Amounts; used: Amounts };

/** A node's capacity and what its pods request. */
export type NodeRoom = {
  name: string;
  labels: Record<string, string>;
  /** `key=value:Effect`. */
  taints: string[];
  /** Bad conditions in the node's own words: "MemoryPressure is True since ...: kubelet has ...". */
  troubles: string[];
  allocatable: Amounts;
  /** The sum of its pods' requests; missing without the right to read other namespaces' pods. */
  requested?: Amounts;
};

/** Fields that replace those of the verdict; evidence is added to the verdict's. */
export type Addition = Partial<Verdict>;

export type Explainer = (verdict: Verdict, snapshot: Snapshot, reads: Reads) => Promise<Addition>;

const readMs = 5000;

/** What was read within five seconds, or one line on why it could not be. */
export async function tryRead<T>(what: string, read: () => Promise<T>): Promise<{ value: T } | { trouble: string }> {
  try {
    return { value: await withTimeout(read(), readMs) };
  } catch (error) {
    return { trouble: `${what} cannot be read: ${quote(describeError(error), 200)}` };
  }
}

/** Needs `get` on pods/log and pods/proxy, and `list` on resourcequotas, configmaps, secrets, serviceaccounts, nodes and all pods. */
export function clusterReads(kubeConfig: KubeConfig, namespace: string, explainImage?: ExplainImage): Reads {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  return {
    log: (name, container, previous) =>
      core.readNamespacedPodLog({ name, namespace, container, previous, tailLines: 40, limitBytes: 65536 }),
    answer: (pod, port, path) => ask(core, namespace, pod, port, path),
    quotas: async () => {
      const { items } = await core.listNamespacedResourceQuota({ namespace });
      return items.map(({ metadata, status }) => ({
        name: metadata?.name ?? '',
        hard: status?.hard ?? {},
        used: status?.used ?? {},
      }));
    },
    nodes: () => readNodes(core),
    names: (kind) => readNames(core, namespace, kind),
    keys: async (kind, name) => {
      if (kind === 'Secret') return Object.keys((await core.readNamespacedSecret({ namespace, name })).data ?? {});
      const { data, binaryData } = await core.readNamespacedConfigMap({ namespace, name });
      return [...Object.keys(data ?? {}), ...Object.keys(binaryData ?? {})];
    },
    explainImage,
  };
}

/** The client throws for every status outside 2xx, whether it is the pod's or the API server's own. */
async function ask(core: CoreV1Api, namespace: string, pod: string, port: string, path: string) {
  const request = { namespace, name: `${pod}:${port}`, path: path.replace(/^\//, '') };
  try {
    return { status: 200, body: String(await core.connectGetNamespacedPodProxyWithPath(request)) };
  } catch (error) {
    return podAnswer(error);
  }
}

async function readNames(core: CoreV1Api, namespace: string, kind: NamedKind): Promise<string[]> {
  // only metadata is sent, so that no value of a Secret ever gets here
  const metadata = kubernetes().setHeaderOptions(
    'Accept',
    'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  );
  const list = {
    ConfigMap: () => core.listNamespacedConfigMap({ namespace }, metadata),
    Secret: () => core.listNamespacedSecret({ namespace }, metadata),
    ServiceAccount: () => core.listNamespacedServiceAccount({ namespace }, metadata),
  }[kind];
  const { items } = await list();
  return items.map((item) => item.metadata?.name ?? '');
}

async function readNodes(core: CoreV1Api): Promise<NodeRoom[]> {
  const [{ items }, pods] = await Promise.all([
    core.listNode(),
    core
      .listPodForAllNamespaces({ fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' })
      .catch(() => undefined),
  ]);
  return items.map((node) => room(node, pods?.items));
}

function room(node: V1Node, pods: V1Pod[] | undefined): NodeRoom {
  const name = node.metadata?.name ?? '';
  const own = pods?.filter(({ spec }) => spec?.nodeName === name);
  const troubles = (node.status?.conditions ?? [])
    .filter(({ type, status }) => (type === 'Ready') !== (status === 'True'))
    .map(conditionWords);
  return {
    name,
    labels: node.metadata?.labels ?? {},
    taints: (node.spec?.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`),
    troubles,
    allocatable: node.status?.allocatable ?? {},
    requested: own && requests(own),
  };
}

function requests(pods: V1Pod[]): Amounts {
  const each = pods.flatMap(({ spec }) => (spec?.containers ?? []).map(({ resources }) => resources?.requests ?? {}));
  const total = { ...sumAmounts(each), pods: pods.length };
  return Object.fromEntries(
    Object.entries(total).map(([resource, amount]) => [resource, formatQuantity(resource, amount)]),
  );
}
