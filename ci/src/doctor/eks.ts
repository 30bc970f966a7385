/** Is the cluster there, can it be reached, does it let us in, and may we do there what a release does? */
import type { KubeConfig } from '#kubernetes';
import { describeEks, eksKubeConfig } from '../aws/eks.ts';
import { clusterProblem } from '../deploy/api_error.ts';
import { missingRights, type Right, signedIn } from '../deploy/rights.ts';
import { PipelineError } from '../errors.ts';
import type { AwsClients } from '../world/aws_clients.ts';
import { awsProblem } from '../world/aws_problem.ts';
import type { Finding } from './finding.ts';
import { compareVersions } from './versions.ts';

export type WantedCluster = {
  name: string;
  /** Such as 1.35; left out, any. */
  version?: string;
  namespace: string;
  /** What a release does there: `deployerRights`. */
  rights: Right[];
};

/** Never throws. */
export async function examineEks(clients: AwsClients, wanted: WantedCluster): Promise<Finding[]> {
  const { name, version } = wanted;
  const what = `cluster ${name}`;
  try {
    const cluster = await describeEks(clients, name);
    const reach = cluster.isPublic ? '' : ', reached from inside its network alone';
    const is = `${what}: Kubernetes ${cluster.version}, ${cluster.status}${reach}`;
    if (cluster.status !== 'ACTIVE') return [{ what: is, problem: 'expected ACTIVE', next: 'wait, or see it in EKS' }];
    const findings: Finding[] = [
      { what: is, ...(version && version !== cluster.version && versionProblem(version, cluster.version)) },
    ];
    return [...findings, ...(await examineCluster(await eksKubeConfig(clients, name), wanted))];
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'EKS_NO_CLUSTER') {
      return [{ what, problem: error.headline, next: error.next }];
    }
    const { problem, next } = awsProblem(error);
    return [{ what, problem, next }];
  }
}

function versionProblem(wanted: string, found: string) {
  const isOlder = compareVersions(found, wanted) < 0;
  return {
    problem: `${wanted} is wanted`,
    next: isOlder
      ? 'eksctl upgrade cluster -f eksctl.yaml --approve'
      : `write '${found}' into eksctl.yaml: EKS does not go back`,
  };
}

/** Of any cluster. Never throws. */
export async function examineCluster(
  kubeConfig: KubeConfig,
  { namespace, rights }: Pick<WantedCluster, 'namespace' | 'rights'>,
): Promise<Finding[]> {
  const what = `endpoint ${kubeConfig.getCurrentCluster()?.server}`;
  try {
    const { username, groups } = await signedIn(kubeConfig);
    return [
      { what: `${what}: signed in as ${username} (${groups.join(', ')})` },
      await rightsFinding(kubeConfig, namespace, rights),
    ];
  } catch (error) {
    const { problem, next } = clusterProblem(error);
    return [{ what, problem, next }];
  }
}

async function rightsFinding(kubeConfig: KubeConfig, namespace: string, rights: Right[]): Promise<Finding> {
  const what = `rights of a release in namespace ${namespace}`;
  try {
    const missing = await missingRights(kubeConfig, namespace, rights);
    if (missing.length === 0) return { what };
    const next = "bind the deployer's Role in manifests to who signs in";
    return { what, problem: `denied: ${missing.join('; ')}`, next };
  } catch (error) {
    const { problem, next } = clusterProblem(error);
    return { what, problem, next };
  }
}
