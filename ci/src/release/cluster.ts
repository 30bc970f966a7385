/** The way into the cluster that was named: an EKS cluster by its name, or any by its kubeconfig. */
import type { Secret, Service } from '@dagger.io/dagger';
import type { KubeConfig } from '#kubernetes';
import { eksKubeConfig } from '../aws/eks.ts';
import { givenKubeConfig } from '../deploy/kubeconfig.ts';
import { PipelineError } from '../errors.ts';
import type { AwsClients } from '../world/aws_clients.ts';

export type ClusterPlace = {
  /** Name of an EKS cluster. */
  cluster?: string;
  kubeconfig?: Secret;
  context?: string;
  /** Where the API server is to be found, when only the caller's machine reaches it. */
  apiServer?: Service;
};

/** Throws CLUSTER_ARGUMENTS unless one way in is given; KUBECONFIG, EKS_NO_CLUSTER and others as their readers do. */
export async function kubeConfigOf(
  place: ClusterPlace,
  clients: AwsClients | undefined,
  functionName: string,
): Promise<KubeConfig> {
  const { cluster, kubeconfig, context, apiServer } = place;
  if (Boolean(cluster) === (kubeconfig !== undefined)) {
    const headline = `${functionName} needs a cluster, and ${cluster ? 'two were' : 'none was'} given`;
    const next = 'dagger call --cluster NAME (EKS), or --kubeconfig file:$HOME/.kube/config';
    throw new PipelineError('CLUSTER_ARGUMENTS', headline, { next });
  }
  if (kubeconfig) {
    const found = givenKubeConfig(await kubeconfig.plaintext(), { context, clients });
    return apiServer ? throughService(found, apiServer) : found;
  }
  if (!clients || !cluster) {
    const next = 'add --aws-region and credentials, or give a kubeconfig in place of --cluster';
    throw new PipelineError(
      'CLUSTER_ARGUMENTS',
      `the cluster ${cluster} is at EKS, and no AWS credentials were given`,
      {
        next,
      },
    );
  }
  return eksKubeConfig(clients, cluster);
}

/** The certificate is for the address in the kubeconfig, so that name is still the one to be proven. */
export async function throughService(kubeConfig: KubeConfig, apiServer: Service): Promise<KubeConfig> {
  const host = new URL(kubeConfig.getCurrentCluster()?.server ?? 'https://localhost').hostname;
  const tlsServerName = kubeConfig.getCurrentCluster()?.tlsServerName ?? host;
  return withServer(kubeConfig, await (await apiServer.start()).endpoint(), tlsServerName);
}

/** The same cluster at another address, `host:port`. */
export function withServer(kubeConfig: KubeConfig, endpoint: string, tlsServerName?: string): KubeConfig {
  const server = `https://${endpoint}`;
  const current = kubeConfig.getCurrentCluster()?.name;
  kubeConfig.clusters = kubeConfig.clusters.map((cluster) =>
    cluster.name === current ? { ...cluster, server, ...(tlsServerName && { tlsServerName }) } : cluster,
  );
  return kubeConfig;
}
