/** AWS for a rollout: what explains an image in ECR, and this machine's own credentials, found as the aws program finds them. */
import { STSClient } from '#aws/client-sts';
import type { KubeConfig } from '#kubernetes';
import { type AwsClients, awsClients } from '../aws/clients.ts';
import { eksKubeConfig, nodeRoles } from '../aws/eks.ts';
import { awsProblem } from '../aws/errors.ts';
import { ecrExplainer } from '../ecr/explain.ts';
import { type RegistryLogin, registryLogin } from '../ecr/registry.ts';
import { PipelineError } from '../errors.ts';
import { type ExplainImage, parseImage } from '../image_name.ts';
import { nodeArchitectures } from '../kubernetes/nodes.ts';
import { withTimeout } from '../timeout.ts';
import { eksSignInOf } from './kubeconfig.ts';

// The chain of credential sources ends at EC2's metadata address, where nothing answers outside EC2.
const credentialsMs = 5000;

/** Read anew each time: a session may be short. Throws what the chain of sources throws. */
export async function ownAwsClients(region: string, profile?: string): Promise<AwsClients> {
  const sts = new STSClient({ region, profile });
  try {
    const keys = await withTimeout(sts.config.credentials(), credentialsMs);
    return awsClients({ region, credentials: { kind: 'keys', ...keys } });
  } finally {
    sts.destroy();
  }
}

/** The region that the environment names. */
export function ownRegion(): string | undefined {
  return process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
}

/** The way into an EKS cluster by its name. Throws AWS_ARGUMENTS, and as eksKubeConfig. */
export async function ownEksKubeConfig(cluster: string): Promise<KubeConfig> {
  const region = ownRegion();
  if (region === undefined) {
    const headline = `${cluster} is an EKS cluster, and AWS_REGION is not set`;
    throw new PipelineError('AWS_ARGUMENTS', headline, { next: 'set it, such as eu-central-1' });
  }
  const clients = await ownAwsClients(region).catch((cause) => {
    const headline = `${cluster} is an EKS cluster, and there are no AWS credentials: ${awsProblem(cause).problem}`;
    throw new PipelineError('AWS_ARGUMENTS', headline, { next: 'sign in, or give --kubeconfig FILE', cause });
  });
  return eksKubeConfig(clients, cluster);
}

/** To read from ECR. Throws AWS_ARGUMENTS, and as registryLogin. */
export async function ownRegistryLogin(host: string, region: string): Promise<RegistryLogin> {
  const clients = await ownAwsClients(region).catch((cause) => {
    const headline = `${host} is in ECR, and there are no AWS credentials: ${awsProblem(cause).problem}`;
    throw new PipelineError('AWS_ARGUMENTS', headline, { next: 'sign in, such as with aws sso login', cause });
  });
  return registryLogin(clients, host).finally(() => clients.destroy());
}

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
