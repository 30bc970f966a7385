/**
 * What ECR holds, asked with the AWS credentials of this machine: for the command line, where nobody hands them over. The
 * answer is the same as that of Dagger's functions, which are given credentials and the cluster's name.
 */
import { STSClient } from '#aws/client-sts';
import type { KubeConfig } from '#kubernetes';
import { nodeRoles } from '../aws/eks.ts';
import { ecrExplainer } from '../ecr/explain.ts';
import type { ExplainImage } from '../image/explanation.ts';
import { parseImage } from '../image/parts.ts';
import { awsClients } from '../world/aws_clients.ts';
import { awsProblem } from '../world/aws_problem.ts';
import { eksSignInOf } from './kubeconfig.ts';
import { nodeArchitectures } from './nodes.ts';
import { withTimeout } from './retry.ts';

// The chain ends in the address of EC2's own metadata, which outside of EC2 nobody answers.
const credentialsMs = 5000;

/**
 * Credentials as the aws program finds them, by the profile that the kubeconfig names, if it does; the region is the
 * cluster's, else the environment's, else the image's. Without credentials that is a line of evidence.
 */
export function ownEcrExplainer(kubeConfig: KubeConfig): ExplainImage {
  return async (reference) => {
    const eks = eksSignInOf(kubeConfig);
    const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
    const region = eks?.region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? parseImage(reference)?.region ?? 'us-east-1';
    const sts = new STSClient({ region, profile: eks?.profile });
    try {
      // Anew each time: a session of this machine may be short, and a rollout asks twice at most.
      const keys = await withTimeout(sts.config.credentials(), credentialsMs);
      const clients = awsClients({ region, credentials: { kind: 'keys', ...keys } });
      const explain = ecrExplainer({
        clients,
        nodeArchitectures: () => nodeArchitectures(kubeConfig),
        ...(eks && { nodeRoles: () => nodeRoles(clients, eks.cluster) }),
      });
      return await explain(reference).finally(() => clients.destroy());
    } catch (error) {
      const evidence = [`ECR was not asked, for want of AWS credentials: ${awsProblem(error).problem}`];
      return { reference, differences: [], evidence };
    } finally {
      sts.destroy();
    }
  };
}
