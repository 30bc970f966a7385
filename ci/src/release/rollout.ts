/** The rolling update and the diagnosis, as functions of the module call them; all of it is in ../deploy. */
import type { Directory } from '@dagger.io/dagger';
import type { KubeConfig } from '#kubernetes';
import { nodeRoles } from '../aws/eks.ts';
import { deploy } from '../deploy/deploy.ts';
import { describeDiagnosis, diagnose } from '../deploy/diagnose.ts';
import { type Manifest, parseManifests } from '../deploy/manifest.ts';
import { nodeArchitectures } from '../deploy/nodes.ts';
import { describeOutcome, type Outcome } from '../deploy/report.ts';
import type { PatienceTable } from '../diagnosis/patience.ts';
import type { Verdict } from '../diagnosis/verdict.ts';
import { ecrExplainer } from '../ecr/explain.ts';
import { PipelineError } from '../errors.ts';
import type { ExplainImage } from '../image/explanation.ts';
import { serviceAddress } from '../monitoring/address.ts';
import { putTargets, type S3Object } from '../monitoring/targets.ts';
import type { AwsClients } from '../world/aws_clients.ts';
import type { Call } from './model.ts';

export type Rollout = {
  kubeConfig: KubeConfig;
  manifests: Manifest[];
  /** By digest. */
  image: string;
  commit?: string;
  modelVersion?: string;
  explainImage?: ExplainImage;
  /** Seconds that a cause has before it fails the rollout, where they are not the usual ones. */
  patience?: PatienceTable;
};

/** What is told of the address of a new release. */
export type Announcement = {
  /** Milliseconds to wait for the load balancer's address. */
  patience: number;
  /** Where Prometheus' file of targets goes; without it, the address is only reported. */
  targets?: { clients: AwsClients; object: S3Object };
};

/** What became of it, as a sentence. Throws DEPLOY_REFUSED, ROLLED_BACK, DEPLOY_FAILED or DEPLOY_INTERRUPTED. */
export async function rollOut(rollout: Rollout, call: Call): Promise<string> {
  const outcome = await deploy({ ...rollout, onProgress: (line) => console.log(line) });
  if (outcome.state === 'deployed' || outcome.state === 'unchanged') return describeOutcome(outcome);
  throw rolloutError(outcome, call);
}

/**
 * Finds the address of the Service of the manifests and writes it where Prometheus looks. Lines for the report: the
 * release has succeeded, so what does not work here does not fail it.
 */
export async function announce(
  { kubeConfig, manifests }: Rollout,
  { patience, targets }: Announcement,
): Promise<string[]> {
  const service = manifests.find(({ kind }) => kind === 'Service');
  if (!service) return [];
  const { name, namespace = 'default' } = service.metadata;
  try {
    const address = await serviceAddress(kubeConfig, { namespace, name }, patience);
    if (address === undefined) return [`address: the Service ${namespace}/${name} has none from a load balancer yet`];
    if (targets) await putTargets(targets.clients, targets.object, [address]);
    const told = targets ? `, for Prometheus in s3://${targets.object.bucket}/${targets.object.key}` : '';
    return [`address: http://${address}/${told}`];
  } catch (error) {
    return [`address: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`];
  }
}

/** What is wrong with the Deployment of the manifests, or that nothing is. Throws UNHEALTHY with the same text. */
export async function diagnoseDeployment(
  place: Pick<Rollout, 'kubeConfig' | 'manifests' | 'explainImage'>,
): Promise<string> {
  const { kubeConfig, manifests, explainImage } = place;
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  const { name = '', namespace = 'default' } = deployment?.metadata ?? {};
  const found = await diagnose({ kubeConfig, namespace, name, explainImage });
  const text = describeDiagnosis(found);
  if (found.state === 'healthy') return text;
  const [headline, ...evidence] = text.split('\n');
  throw new PipelineError('UNHEALTHY', `diagnose: ${headline}`, { evidence });
}

/** The manifests of the repository that these patterns name, in the order of patterns and names. Throws MANIFESTS. */
export async function manifestsOf(source: Directory, patterns: string[]): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const pattern of patterns) {
    for (const path of (await source.glob(pattern)).sort()) {
      manifests.push(...parseManifests(await source.file(path).contents(), path));
    }
  }
  return manifests;
}

/** Compares images with what ECR holds, and asks what the nodes of the cluster may pull. */
export function explainerOf(clients: AwsClients, kubeConfig: KubeConfig, cluster?: string): ExplainImage {
  return ecrExplainer({
    clients,
    nodeArchitectures: () => nodeArchitectures(kubeConfig),
    ...(cluster && { nodeRoles: () => nodeRoles(clients, cluster) }),
  });
}

function rolloutError(outcome: Exclude<Outcome, { state: 'deployed' | 'unchanged' }>, call: Call): PipelineError {
  const [headline] = describeOutcome(outcome).split('\n');
  switch (outcome.state) {
    case 'refused': {
      const { error } = outcome;
      const words = `${call.function}: the rollout was refused, nothing was changed: ${error.headline}`;
      return new PipelineError(error.code, words, { evidence: error.evidence, next: error.next, cause: error });
    }
    case 'rolled back':
      return verdictError('ROLLED_BACK', `${call.function}: ${headline}`, outcome.verdict);
    case 'failed':
      return verdictError('DEPLOY_FAILED', `${call.function}: ${headline}`, outcome.verdict);
    case 'interrupted':
      return new PipelineError('DEPLOY_INTERRUPTED', `${call.function}: ${headline}`, { next: 'deploy again' });
  }
}

function verdictError(code: string, headline: string, { evidence, next, runbook }: Verdict): PipelineError {
  return new PipelineError(code, headline, { evidence, next: `${next}; see ${runbook}` });
}
