/** What quotas and nodes have left, and what would fit. */
import type { V1PodSpec } from '#kubernetes';
import { newRevision, type Snapshot } from '../kubernetes/snapshot.ts';
import type { Verdict } from './finding.ts';
import { formatQuantity, parseQuantity, sumAmounts } from './quantity.ts';
import { type Addition, type NodeRoom, type Reads, tryRead } from './reads.ts';

export async function explainQuotas(_: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const read = await tryRead('the quotas', () => reads.quotas());
  if ('trouble' in read) return { evidence: [read.trouble] };
  const asked = quotaUse(podSpec(snapshot));
  const evidence: string[] = [];
  let next: string | undefined;
  for (const { name, hard, used } of read.value) {
    for (const [resource, need] of Object.entries(asked)) {
      const [limit, taken] = [parseQuantity(hard[resource] ?? ''), parseQuantity(used[resource] ?? '0')];
      if (!(taken + need > limit)) continue;
      const show = (amount: number) => formatQuantity(resource, amount);
      evidence.push(
        `quota ${name}: ${resource} ${show(taken)} of ${show(limit)} used, ${show(limit - taken)} left, a pod requests ${show(need)}`,
      );
      const raise = JSON.stringify({ spec: { hard: { [resource]: formatQuantity(resource, taken + need, 'up') } } });
      const room = limit > taken ? `let a pod request at most ${resource} ${show(limit - taken)}` : 'free some of it';
      next ??= `${room}, or raise the quota: kubectl -n ${snapshot.deployment.metadata?.namespace} patch resourcequota ${name} --type merge -p '${raise}'`;
    }
  }
  return { evidence, ...(next && { next }) };
}

export async function explainNodes(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const read = await tryRead('the nodes', () => reads.nodes());
  if ('trouble' in read) return { evidence: [read.trouble] };
  const nodes = read.value;
  const spec = podSpec(snapshot);
  const selector = Object.entries(spec?.nodeSelector ?? {}).flatMap(([label, value]) => {
    const values = [...new Set(nodes.map(({ labels }) => labels[label] ?? '(not set)'))];
    return values.includes(value) ? [] : [`no node has ${label}=${value}; they have ${values.join(', ')}`];
  });
  const needs = Object.entries(sumRequests(spec));
  const rooms = nodes.slice(0, 5).flatMap((node) => {
    const parts = needs.map(([resource, need]) => {
      const show = (amount: number) => formatQuantity(resource, amount);
      const all = show(parseQuantity(node.allocatable[resource] ?? '0'));
      return `${resource} ${show(free(node, resource))} of ${all} free, ${show(need)} requested`;
    });
    const all = [...parts, ...node.taints.map((taint) => `taint ${taint}`), ...node.troubles, ...unknown(node)];
    return all.length > 0 ? [`node ${node.name}: ${all.join('; ')}`] : [];
  });
  const tooMuch = needs.find(([resource, need]) => nodes.every((node) => free(node, resource) < need));
  const next = tooMuch && shrink(tooMuch, nodes);
  const evidence = [...rooms, ...(nodes.length > 5 ? [`and ${nodes.length - 5} more nodes`] : []), ...selector];
  return {
    evidence,
    next: next ?? (selector.length > 0 ? `correct nodeSelector in the pod template: ${selector[0]}` : verdict.next),
  };
}

/** Without the right to read other namespaces' pods, their requests are unknown. */
function unknown({ requested }: NodeRoom): string[] {
  return requested ? [] : ['less the requests of pods in other namespaces, which we have no right to read'];
}

function shrink([resource, need]: [string, number], nodes: NodeRoom[]): string {
  const show = (amount: number) => formatQuantity(resource, amount);
  const most = Math.max(0, ...nodes.map((node) => free(node, resource)));
  return `let a pod request at most ${resource} ${show(most)} (resources.requests, now ${show(need)}), or add a node with ${show(need)} free`;
}

export async function explainNode(verdict: Verdict, _: Snapshot, reads: Reads): Promise<Addition> {
  const read = await tryRead('the nodes', () => reads.nodes());
  if ('trouble' in read) return { evidence: [read.trouble] };
  const node = read.value.find(({ name }) => name === verdict.subject.node);
  if (!node)
    return {
      evidence: [
        `node ${verdict.subject.node} no longer exists; the nodes are ${read.value.map(({ name }) => name).join(', ') || 'none'}`,
      ],
    };
  const troubles = node.troubles.map((trouble) => `node ${node.name}: ${trouble}`);
  return { evidence: troubles.length > 0 ? troubles : [`node ${node.name} reports no trouble now`] };
}

/** Of the new revision. */
export function podSpec(snapshot: Snapshot): V1PodSpec | undefined {
  return newRevision(snapshot)?.replicaSet.spec?.template?.spec ?? snapshot.deployment.spec?.template.spec;
}

function free({ allocatable, requested }: NodeRoom, resource: string): number {
  return parseQuantity(allocatable[resource] ?? '0') - parseQuantity(requested?.[resource] ?? '0');
}

/** Requests of a pod's containers, in cores, bytes or pieces; a request that is not set equals the limit. */
function sumRequests(spec: V1PodSpec | undefined): Record<string, number> {
  return sumAmounts(
    (spec?.containers ?? []).map(({ resources }) => ({ ...resources?.limits, ...resources?.requests })),
  );
}

/** As a ResourceQuota counts them: "cpu" and "requests.cpu" are the same. */
function quotaUse(spec: V1PodSpec | undefined): Record<string, number> {
  const limits = sumAmounts((spec?.containers ?? []).map(({ resources }) => ({ ...resources?.limits })));
  const named = (prefix: string, amounts: Record<string, number>) =>
    Object.fromEntries(Object.entries(amounts).map(([resource, amount]) => [`${prefix}${resource}`, amount]));
  const requests = sumRequests(spec);
  return { pods: 1, ...requests, ...named('requests.', requests), ...named('limits.', limits) };
}
