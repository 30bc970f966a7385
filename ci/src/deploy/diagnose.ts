/** Why a running Deployment is unhealthy: the verdict of a rollout, at any time, without changing anything. */
import type { KubeConfig } from '#kubernetes';
import { explain } from '../diagnosis/explain.ts';
import type { Verdict } from '../diagnosis/finding.ts';
import { judgeNow } from '../diagnosis/judge.ts';
import { clusterReads } from '../diagnosis/reads.ts';
import { PipelineError } from '../errors.ts';
import type { ExplainImage } from '../image_name.ts';
import { type Progress, progressLine, progressOf, readSnapshot } from '../kubernetes/snapshot.ts';
import { annotations } from './manifest.ts';
import { type Failure, parseFailure } from './record.ts';
import { describeVerdict } from './report.ts';

export type Diagnosis = {
  namespace: string;
  name: string;
  /** `unknown`: not healthy for no visible reason, as in the first seconds of a rollout, or with 0 replicas. */
  state: 'healthy' | 'unhealthy' | 'unknown';
  progress: Progress;
  verdict?: Verdict;
  /** Why the last rollout failed; cleared by one that succeeds. */
  lastFailure?: Failure;
};

export type DiagnoseOptions = { kubeConfig: KubeConfig; namespace: string; name: string; explainImage?: ExplainImage };

/** Throws NO_DEPLOYMENT, and what the client throws. */
export async function diagnose({ kubeConfig, namespace, name, explainImage }: DiagnoseOptions): Promise<Diagnosis> {
  // A person waits for the answer.
  const snapshot = await readSnapshot(kubeConfig, namespace, name, 5);
  if (!snapshot) {
    const next = 'list the Deployments: kubectl get deployments --all-namespaces';
    throw new PipelineError('NO_DEPLOYMENT', `the Deployment ${namespace}/${name} does not exist`, { next });
  }
  const progress = progressOf(snapshot);
  const lastFailure = parseFailure(snapshot.deployment.metadata?.annotations?.[annotations.lastFailure]);
  const base = { namespace, name, progress, ...(lastFailure ? { lastFailure } : {}) };
  if (progress.hasSettled) return { ...base, state: progress.wanted > 0 ? 'healthy' : 'unknown' };
  const verdict = judgeNow(snapshot);
  if (!verdict) return { ...base, state: 'unknown' };
  return {
    ...base,
    state: 'unhealthy',
    verdict: await explain(verdict, snapshot, clusterReads(kubeConfig, namespace, explainImage)),
  };
}

export function describeDiagnosis({ namespace, name, state, progress, verdict, lastFailure }: Diagnosis): string {
  const asked = progress.wanted === 0 ? '0 replicas, so no pod shows whether it can run' : progressLine(progress);
  const lines = [`${namespace}/${name} is ${state}: ${asked}`];
  if (verdict) lines.push(describeVerdict(verdict));
  if (lastFailure)
    lines.push(`the last rollout failed at ${lastFailure.at}: ${lastFailure.headline} (${lastFailure.cause})`);
  return lines.join('\n');
}
