/** Rolling update and diagnosis (../deploy) with the errors of the Dagger functions, and the address of a new release. */

import type { AwsClients } from '../aws/clients.ts';
import { deploy } from '../deploy/deploy.ts';
import { describeDiagnosis, diagnose } from '../deploy/diagnose.ts';
import { describeOutcome, outcomeError } from '../deploy/report.ts';
import type { PatienceTable } from '../diagnosis/causes.ts';
import { PipelineError } from '../errors.ts';
import { serviceAddress } from './address.ts';
import type { TargetCluster } from './cluster.ts';
import type { Call } from './model.ts';
import { parseS3, putTargets, type S3Object } from './targets.ts';

export type Rollout = TargetCluster & {
  /** By digest. */
  image: string;
  commit?: string;
  modelVersion?: string;
  /** How many seconds a cause may last before it fails the rollout, instead of its default. */
  patience?: PatienceTable;
};

/** What happens with the address of a new release. */
export type Announcement = {
  /** How long to wait for the load balancer's address, in milliseconds. */
  waitMs: number;
  /** Where Prometheus finds its targets file; without it, the address is only reported. */
  targets?: { clients: AwsClients; object: S3Object };
};

/** `targetsTo` is the s3:// address of the targets file. Throws TARGETS or AWS_ARGUMENTS. */
export async function announcementOf(
  targetsTo: string | undefined,
  awsClients: () => Promise<AwsClients | undefined>,
): Promise<Announcement> {
  const waitMs = 180_000;
  // A shell variable that is not set arrives as an empty name.
  if (!targetsTo) return { waitMs };
  const object = parseS3(targetsTo);
  const clients = await awsClients();
  if (clients) return { waitMs, targets: { clients, object } };
  throw new PipelineError('AWS_ARGUMENTS', `${targetsTo} is in AWS, and no AWS credentials were given`, {
    next: 'add --aws-region and credentials, or leave out --targets-to',
  });
}

/** The outcome in a sentence. Throws the refusal's own code, the cause's (ROLLOUT_...), or DEPLOY_INTERRUPTED. */
export async function rollOut(rollout: Rollout, call: Call): Promise<string> {
  const outcome = await deploy({ ...rollout, onProgress: (line) => console.log(line) });
  if (outcome.state === 'deployed' || outcome.state === 'unchanged') return describeOutcome(outcome);
  throw outcomeError(outcome, call.function);
}

/**
 * Finds the address of the manifests' Service and writes it where Prometheus reads it. Returns lines for the report: the
 * release has succeeded, so a failure here does not fail it.
 */
export async function announce(
  { kubeConfig, manifests }: Rollout,
  { waitMs, targets }: Announcement,
): Promise<string[]> {
  const service = manifests.find(({ kind }) => kind === 'Service');
  if (!service) return [];
  const { name, namespace = 'default' } = service.metadata;
  try {
    const address = await serviceAddress(kubeConfig, { namespace, name }, waitMs);
    if (address === undefined) return [`address: the Service ${namespace}/${name} has no load balancer address yet`];
    if (targets) await putTargets(targets.clients, targets.object, [address]);
    const written = targets ? `, for Prometheus in s3://${targets.object.bucket}/${targets.object.key}` : '';
    return [`address: http://${address}/${written}`];
  } catch (error) {
    return [`address: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`];
  }
}

/** The diagnosis of the manifests' Deployment as text; if it is unhealthy, throws UNHEALTHY with that text. */
export async function diagnoseDeployment({ kubeConfig, manifests, explainImage }: TargetCluster): Promise<string> {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  const { name = '', namespace = 'default' } = deployment?.metadata ?? {};
  const found = await diagnose({ kubeConfig, namespace, name, explainImage });
  const text = describeDiagnosis(found);
  if (found.state === 'healthy') return text;
  const [headline, ...evidence] = text.split('\n');
  throw new PipelineError('UNHEALTHY', `diagnose: ${headline}`, { evidence });
}
