/** This machine's own AWS credentials, found as the aws program finds them. */
import { STSClient } from '#aws/client-sts';
import type { KubeConfig } from '#kubernetes';
import { type AwsClients, awsClients } from '../aws/clients.ts';
import { eksKubeConfig } from '../aws/eks.ts';
import { awsProblem } from '../aws/errors.ts';
import { PipelineError } from '../errors.ts';
import { withTimeout } from '../timeout.ts';

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
