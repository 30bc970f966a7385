/** What ECR holds and what the cluster's nodes may pull from it, to explain an image. */
import type { KubeConfig } from '#kubernetes';
import type { AwsClients } from '../aws/clients.ts';
import { nodeRoles } from '../aws/eks.ts';
import { awsProblem } from '../aws/errors.ts';
import { ecrExplainer } from '../ecr/explain.ts';
import { type ExplainImage, parseImage } from '../image_name.ts';
import { nodeArchitectures } from '../kubernetes/nodes.ts';
import { eksSignInOf } from './kubeconfig.ts';
import { ownAwsClients, ownRegion } from './own_aws.ts';

/** `cluster` is the name of an EKS cluster: with it, the explanation covers the pull rights of its nodes' roles. */
export function explainerOf(clients: AwsClients, kubeConfig: KubeConfig, cluster?: string): ExplainImage {
  return ecrExplainer({
    clients,
    nodeArchitectures: (pod) => nodeArchitectures(kubeConfig, pod),
    ...(cluster && { nodeRoles: () => nodeRoles(clients, cluster) }),
  });
}

/**
 * The same with this machine's own AWS credentials and the profile that the kubeconfig names, for the command line; the region
 * is the cluster's, otherwise the environment's, otherwise the image's. Missing credentials become a line of evidence.
 */
export function ownEcrExplainer(kubeConfig: KubeConfig): ExplainImage {
  return async (reference, pod) => {
    const eks = eksSignInOf(kubeConfig);
    const region = eks?.region ?? ownRegion() ?? parseImage(reference)?.region ?? 'us-east-1';
    try {
      const clients = await ownAwsClients(region, eks?.profile);
      const explain = explainerOf(clients, kubeConfig, eks?.cluster);
      return await explain(reference, pod).finally(() => clients.destroy());
    } catch (error) {
      const evidence = [`ECR was not asked, because there are no AWS credentials: ${awsProblem(error).problem}`];
      return { reference, differences: [], evidence };
    }
  };
}
