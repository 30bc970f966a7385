/** The world that `explain` looks at: a cluster, by a deployer's rights. */
import type { CoreV1Api, KubeConfig, V1Node, V1Pod } from '#kubernetes';
import { podAnswer } from '../deploy/api_error.ts';
import { conditionWords } from '../deploy/nodes.ts';
import type { ExplainImage } from '../image_name.ts';
import { kubernetes } from '../kubernetes.ts';
import { sum } from './explain_room.ts';
import { formatQuantity } from './quantity.ts';
import type { Amounts, NamedKind, NodeRoom, Reads } from './verdict.ts';

/** Needs `get` on pods/log and pods/proxy, `list` on resourcequotas, configmaps, secrets, serviceaccounts, and on nodes and all pods; lacks are told, not thrown. */
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

/** A status outside of 2xx comes as an exception, whether it is the pod's or the API server's own. */
async function ask(core: CoreV1Api, namespace: string, pod: string, port: string, path: string) {
  const request = { namespace, name: `${pod}:${port}`, path: path.replace(/^\//, '') };
  try {
    return { status: 200, body: String(await core.connectGetNamespacedPodProxyWithPath(request)) };
  } catch (error) {
    return podAnswer(error);
  }
}

async function readNames(core: CoreV1Api, namespace: string, kind: NamedKind): Promise<string[]> {
  // metadata alone crosses the wire, so that no value of a Secret is ever here
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
  const total = { ...sum(each), pods: pods.length };
  return Object.fromEntries(
    Object.entries(total).map(([resource, amount]) => [resource, formatQuantity(resource, amount)]),
  );
}
