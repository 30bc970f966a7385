/** The cluster that callers name (an EKS cluster by its name, or any cluster by its kubeconfig) and what is applied to it. */
import type { Directory, File } from '@dagger.io/dagger';
import type { KubeConfig } from '#kubernetes';
import { type Arguments, awsClientsOf, type ClusterArguments } from '../arguments.ts';
import type { AwsClients } from '../aws/clients.ts';
import { eksKubeConfig } from '../aws/eks.ts';
import { parseSample, type Question } from '../bake/sample.ts';
import { parseSignals, type SignalTable } from '../bake/signals.ts';
import { explainerOf } from '../deploy/aws.ts';
import { givenKubeConfig, throughServer } from '../deploy/kubeconfig.ts';
import { type Manifest, parseManifests } from '../deploy/manifest.ts';
import { checkRights, signedIn } from '../deploy/rights.ts';
import type { RolloutSettings } from '../deploy/settings.ts';
import { PipelineError } from '../errors.ts';
import type { ExplainImage } from '../image_name.ts';
import { clusterError, ifFound, isForbidden, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';

/** Where a release goes, and what its caller set about the rollout. */
export type TargetCluster = RolloutSettings & {
  signals?: SignalTable;
  sample?: Question[];
  kubeConfig: KubeConfig;
  manifests: Manifest[];
  explainImage?: ExplainImage;
};

/** A shell variable that is not set arrives as an empty name. */
export function hasCluster({ cluster, kubeconfig }: ClusterArguments): boolean {
  return Boolean(cluster) || kubeconfig !== undefined;
}

/** Throws as kubeConfigOf. */
export async function targetOf(given: Arguments, functionName: string): Promise<TargetCluster> {
  return targetCluster(given.target, given.source, await awsClientsOf(given), functionName);
}

/** Access to the cluster, the objects of manifests/app, and with AWS credentials what ECR holds. Throws as kubeConfigOf. */
export async function targetCluster(
  given: ClusterArguments,
  source: Directory,
  clients: AwsClients | undefined,
  functionName: string,
): Promise<TargetCluster> {
  const kubeConfig = await kubeConfigOf(given, clients, functionName);
  return {
    kubeConfig,
    manifests: await manifestsOf(source, ['manifests/app/*.yaml']),
    signals: await signalsOf(source),
    ...(clients && { explainImage: explainerOf(clients, kubeConfig, given.cluster) }),
  };
}

/**
 * Asks the cluster what a rollout will need, without changing anything: who we are, the namespace, our rights. Throws
 * CLUSTER_401, CLUSTER_403, CLUSTER_UNREACHABLE, NAMESPACE, NO_RIGHTS.
 */
export async function askCluster({ kubeConfig, manifests, despite }: TargetCluster): Promise<void> {
  const { name = '', namespace = 'default' } = manifests.find(({ kind }) => kind === 'Deployment')?.metadata ?? {};
  await signedIn(kubeConfig);
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const found = await ifFound(withRetries(() => core.readNamespace({ name: namespace }))).catch((error) => {
    // Most deployers may not read namespaces.
    if (isForbidden(error)) return namespace;
    throw clusterError(kubeConfig, error);
  });
  if (found === undefined) {
    const next = 'ask an administrator to apply manifests/cluster first';
    throw new PipelineError('NAMESPACE', `the namespace ${namespace} does not exist`, { next });
  }
  if (despite?.NO_RIGHTS === undefined) await checkRights(kubeConfig, namespace, name);
}

/** Throws SAMPLE. */
export async function sampleIn(file: File | undefined): Promise<Question[] | undefined> {
  return file && parseSample(await file.contents(), await file.name());
}

async function signalsOf(source: Directory): Promise<SignalTable | undefined> {
  const [path] = await source.glob('manifests/signals.yaml');
  return path ? parseSignals(await source.file(path).contents(), path) : undefined;
}

/** Throws CLUSTER_ARGUMENTS unless exactly one cluster is given, and as givenKubeConfig and eksKubeConfig. */
export async function kubeConfigOf(
  given: ClusterArguments,
  clients: AwsClients | undefined,
  functionName: string,
): Promise<KubeConfig> {
  const { cluster, kubeconfig, kubeContext: context, apiServer } = given;
  if (Boolean(cluster) === (kubeconfig !== undefined)) {
    const headline = `${functionName} needs one cluster, and ${cluster ? 'two were' : 'none was'} given`;
    const next = 'dagger call --cluster NAME (EKS), or --kubeconfig file:$HOME/.kube/config';
    throw new PipelineError('CLUSTER_ARGUMENTS', headline, { next });
  }
  if (kubeconfig) {
    const found = givenKubeConfig(await kubeconfig.plaintext(), { context, clients });
    return apiServer ? throughServer(found, await (await apiServer.start()).endpoint()) : found;
  }
  if (clients && cluster) return eksKubeConfig(clients, cluster);
  const headline = `${cluster} is an EKS cluster, and no AWS credentials were given`;
  const next = 'add --aws-region and credentials, or give a kubeconfig instead of --cluster';
  throw new PipelineError('CLUSTER_ARGUMENTS', headline, { next });
}

/** The manifests of the repository that match the patterns, in the order of patterns and names. Throws MANIFEST. */
export async function manifestsOf(source: Directory, patterns: string[]): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for (const pattern of patterns) {
    for (const path of (await source.glob(pattern)).sort()) {
      manifests.push(...parseManifests(await source.file(path).contents(), path));
    }
  }
  return manifests;
}
