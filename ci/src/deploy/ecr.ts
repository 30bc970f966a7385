/** What ECR holds and what the cluster's nodes may pull from it, to explain an image. */
import { STSClient } from '#aws/client-sts';
import type { KubeConfig } from '#kubernetes';
import { type AwsClients, awsClients } from '../aws/clients.ts';
import { nodeRoles } from '../aws/eks.ts';
import { awsProblem } from '../aws/errors.ts';
import { ecrExplainer } from '../ecr/explain.ts';
import { type ExplainImage, parseImage } from '../image_name.ts';
import { nodeArchitectures } from '../kubernetes/nodes.ts';
import { withTimeout } from '../timeout.ts';
import { eksSignInOf } from './kubeconfig.ts';

// The chain of credential sources ends at EC2's metadata address, where nothing answers outside EC2.
const credentialsMs = 5000;

/** `cluster` is the name of an EKS cluster: with it, the explanation covers the pull rights of its nodes' roles. */
export function explainerOf(clients: AwsClients, kubeConfig: KubeConfig, cluster?: string): ExplainImage {
  return ecrExplainer({
    clients,
    nodeArchitectures: (pod) => nodeArchitectures(kubeConfig, pod),
    ...(cluster && { nodeRoles: () => nodeRoles(clients, cluster) }),
  });
}

/**
 * The same with this machine's own AWS credentials, for the command line. They are found as the aws program finds them, with
 * the profile that the kubeconfig names; the region is the cluster's, otherwise the environment's, otherwise the image's.
 * Missing credentials become a line of evidence.
 */
export function ownEcrExplainer(kubeConfig: KubeConfig): ExplainImage {
  return async (reference, pod) => {
    const eks = eksSignInOf(kubeConfig);
    const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
    const region = eks?.region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? parseImage(reference)?.region ?? 'us-east-1';
    const sts = new STSClient({ region, profile: eks?.profile });
    try {
      // Read anew each time: a session may be short, and a rollout asks twice at most.
      const keys = await withTimeout(sts.config.credentials(), credentialsMs);
      const clients = awsClients({ region, credentials: { kind: 'keys', ...keys } });
      const explain = explainerOf(clients, kubeConfig, eks?.cluster);
      return await explain(reference, pod).finally(() => clients.destroy());
    } catch (error) {
      const evidence = [`ECR was not asked, because there are no AWS credentials: ${awsProblem(error).problem}`];
      return { reference, differences: [], evidence };
    } finally {
      sts.destroy();
    }
  };
}
