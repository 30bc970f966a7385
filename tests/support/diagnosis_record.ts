/**
 * Records a snapshot of a Deployment for the tests of the diagnosis, without fields that no detector reads:
 *
 *     KUBECONFIG=... node tests/support/diagnosis_record.ts NAMESPACE DEPLOYMENT >ci/src/diagnosis/testdata/CASE.json
 */
import { readFileSync } from 'node:fs';
import { givenKubeConfig } from '../../ci/src/deploy/kubeconfig.ts';
import { readSnapshot, type Snapshot } from '../../ci/src/kubernetes/snapshot.ts';

/** Long fields that say nothing about a fault. */
const noise = new Set([
  'managedFields',
  'kubectl.kubernetes.io/last-applied-configuration',
  'tolerations',
  'selfLink',
  'reportingComponent',
  'reportingInstance',
  'source',
  'resourceVersion',
  'blockOwnerDeletion',
  'controller',
  'preemptionPolicy',
  'priority',
  'schedulerName',
  'enableServiceLinks',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'dnsPolicy',
  'containerID',
  'imageID',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'qosClass',
  'allocatedResources',
  'volumeMounts',
  'generateName',
  'protocol',
  'serviceAccount',
  'strategy',
  'revisionHistoryLimit',
]);
const warningsKept = 6;

export function trimmed(snapshot: Snapshot): Snapshot {
  const told = snapshot.events.filter(
    ({ type, reason }) => type !== 'Normal' || reason === 'Killing' || reason === 'Nominated',
  );
  const text = JSON.stringify({ ...snapshot, events: told.slice(-warningsKept) }, (key, value) => {
    if (noise.has(key) || value === null) return undefined;
    if (key === 'volumes' && Array.isArray(value)) return value.filter(({ name }) => !/^kube-api-access-/.test(name));
    return value;
  });
  return JSON.parse(text);
}

/** One object per line: small, and a diff shows which object differs. */
function lines({ now, deployment, replicaSets, pods, events, nodes = [] }: Snapshot): string {
  const list = (objects: object[]) => `[${objects.map((object) => `\n  ${JSON.stringify(object)}`).join(',')}]`;
  const head = `"now": ${JSON.stringify(now)},\n"deployment": ${JSON.stringify(deployment)}`;
  return `{${head},\n"replicaSets": ${list(replicaSets)},\n"pods": ${list(pods)},\n"events": ${list(events)},\n"nodes": ${list(nodes)}}`;
}

if (import.meta.main) {
  const [namespace, name] = process.argv.slice(2);
  const kubeConfig = givenKubeConfig(readFileSync(process.env.KUBECONFIG ?? '', 'utf8'));
  const snapshot = await readSnapshot(kubeConfig, namespace, name);
  if (!snapshot) throw new Error(`there is no Deployment ${namespace}/${name}`);
  process.stdout.write(`${lines(trimmed(snapshot))}\n`);
}
