/** A node without a kubelet: it reports ready until the cluster notices that nothing renews the report. */
import { randomBytes } from 'node:crypto';
import { type Api, apiOf } from './cluster/api.ts';

export type DeadNode = {
  name: string;
  /** For a pod template: only pods with these fields are scheduled to it. */
  podSpec: {
    nodeSelector: Record<string, string>;
    tolerations: { key: string; operator: string; effect: string }[];
  };
  /** Also removes the pods bound to it, which no kubelet ends. */
  remove(): Promise<void>;
};

/**
 * The node controller marks it Unknown 50 s later: https://kubernetes.io/docs/reference/node/node-status/ and
 * --node-monitor-grace-period of kube-controller-manager.
 */
export async function makeDeadNode(kubeconfig: string): Promise<DeadNode> {
  const api = apiOf(kubeconfig);
  const name = `dead-${randomBytes(4).toString('hex')}`;
  const [label, taint] = ['sentiment-test/node', 'sentiment-test/dead'];
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' };
  const room = { cpu: '1', memory: '1Gi', pods: '10' };
  const { status, body } = await api('POST', '/api/v1/nodes', {
    metadata: { name, labels: { [label]: name } },
    spec: { taints: [{ key: taint, effect: 'NoSchedule' }] },
    status: {
      capacity: room,
      allocatable: room,
      conditions: [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }],
    },
  });
  if (status !== 201) throw new Error(`the node was not created: ${body}`);
  return {
    name,
    podSpec: {
      nodeSelector: { [label]: name },
      tolerations: [{ key: taint, operator: 'Exists', effect: 'NoSchedule' }],
    },
    remove: () => remove(api, name),
  };
}

async function remove(api: Api, name: string): Promise<void> {
  await api('DELETE', `/api/v1/nodes/${name}`);
  const { body } = await api('GET', `/api/v1/pods?fieldSelector=spec.nodeName=${name}`);
  const pods: { metadata: { namespace: string; name: string } }[] = JSON.parse(body).items;
  for (const { metadata } of pods) {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
    await api('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
  }
}
