/**
 * Access to an EKS cluster: the endpoint and the certificate authority from EKS, and a token of our own. Needs neither the aws
 * program nor kubectl nor a file.
 */
import { DescribeClusterCommand, DescribeNodegroupCommand, paginateListNodegroups } from '#aws/client-eks';
import type { KubeConfig } from '#kubernetes';
import { PipelineError } from '../errors.ts';
import { kubernetes } from '../kubernetes/client.ts';
import type { AwsClients } from './clients.ts';
import { eksTokenSource } from './eks_token.ts';
import { awsError, errorName } from './errors.ts';

export type EksCluster = {
  name: string;
  arn: string;
  /** Such as 1.35. */
  version: string;
  /** ACTIVE once it is ready for use. */
  status: string;
  /** https:// address. */
  endpoint: string;
  /** PEM, in base64. */
  caData: string;
  /** Whether the endpoint can be reached from outside the VPC. */
  isPublic: boolean;
};

/** Throws EKS_NO_CLUSTER, or as awsError. */
export async function describeEks(clients: AwsClients, name: string): Promise<EksCluster> {
  try {
    const { cluster } = await clients.eks.send(new DescribeClusterCommand({ name }));
    return {
      name,
      arn: cluster?.arn ?? '',
      version: cluster?.version ?? '',
      status: cluster?.status ?? '',
      endpoint: cluster?.endpoint ?? '',
      caData: cluster?.certificateAuthority?.data ?? '',
      isPublic: cluster?.resourcesVpcConfig?.endpointPublicAccess !== false,
    };
  } catch (error) {
    const { region } = clients.access;
    if (errorName(error) !== 'ResourceNotFoundException') {
      throw awsError(`EKS in ${region} cannot describe the cluster ${name}`, error);
    }
    throw new PipelineError('EKS_NO_CLUSTER', `the cluster ${name} does not exist in ${region}`, {
      next: 'check the name, region and account, or create it: eksctl create cluster -f eksctl.yaml',
      cause: error,
    });
  }
}

/** A configuration that makes and renews its own token. Throws EKS_NO_CLUSTER, EKS_NOT_READY, or as awsError. */
export async function eksKubeConfig(clients: AwsClients, name: string): Promise<KubeConfig> {
  const cluster = await describeEks(clients, name);
  if (!cluster.endpoint || !cluster.caData) {
    throw new PipelineError('EKS_NOT_READY', `the cluster ${name} is ${cluster.status} and has no endpoint yet`, {
      next: 'wait until it is ACTIVE',
    });
  }
  const kubeConfig = new (kubernetes().KubeConfig)();
  kubeConfig.loadFromOptions({
    clusters: [{ name, server: cluster.endpoint, caData: cluster.caData, skipTLSVerify: false }],
    users: [{ name }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return withEksToken(kubeConfig, name, clients, name);
}

/** From now on, requests of `user` carry a token for the cluster. */
export function withEksToken(kubeConfig: KubeConfig, user: string, clients: AwsClients, cluster: string): KubeConfig {
  const { identity, access } = clients;
  kubeConfig.addAuthenticator(authenticator(user, eksTokenSource({ cluster, region: access.region, identity })));
  return kubeConfig;
}

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0];

/** `token` is called for each request. */
export function authenticator(user: string, token: () => Promise<string>): Authenticator {
  return {
    isAuthProvider: ({ name }) => name === user,
    async applyAuthentication(_user, options) {
      options.headers = { ...options.headers, Authorization: `Bearer ${await token()}` };
    },
  };
}

/** ARNs of the node roles of the managed node groups. Throws as awsError. */
export async function nodeRoles({ eks }: AwsClients, clusterName: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const page of paginateListNodegroups({ client: eks }, { clusterName })) {
      names.push(...(page.nodegroups ?? []));
    }
    const groups = await Promise.all(
      names.map((nodegroupName) => eks.send(new DescribeNodegroupCommand({ clusterName, nodegroupName }))),
    );
    return [...new Set(groups.flatMap(({ nodegroup }) => nodegroup?.nodeRole ?? []))];
  } catch (error) {
    throw awsError(`EKS cannot list the node groups of ${clusterName}`, error);
  }
}
