/**
 * Notes in the cluster when a pipeline last examined the model that serves. The pods have the note as a file, which the
 * kubelet updates, so that a release that finds everything unchanged starts no pod anew. service/served_model.ts reads it.
 */
import type { KubeConfig, V1ConfigMap } from '#kubernetes';
import { makeApplier } from '../deploy/apply.ts';
import type { Manifest } from '../deploy/manifest.ts';
import { describeError } from '../kubernetes/api_error.ts';

/** As manifests/app mounts it. */
const NAME = 'sentiment-model-note';

/** A failure becomes a line of the report: the release itself has succeeded. */
export async function noteExamination(
  { kubeConfig, manifests }: { kubeConfig: KubeConfig; manifests: Manifest[] },
  { version, examinedAt }: { version: string; examinedAt?: string },
): Promise<string[]> {
  const namespace = manifests.find(({ kind }) => kind === 'Deployment')?.metadata.namespace;
  if (examinedAt === undefined || namespace === undefined) return [];
  try {
    await makeApplier(kubeConfig, 'sentiment-deployer').apply(modelNote(namespace, version, examinedAt));
    return [];
  } catch (error) {
    return [`the cluster could not note when the model was examined: ${describeError(error)}; apply manifests/cluster`];
  }
}

export function modelNote(namespace: string, version: string, examinedAt: string): Manifest & V1ConfigMap {
  const note = { version, examined_at: examinedAt };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: NAME, namespace },
    data: { 'note.json': JSON.stringify(note) },
  };
}
