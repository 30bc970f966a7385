/** Checks of the cluster: does it exist, is it reachable, may we sign in, and may we do what a release does? */
import { paginateDescribeClusterVersions } from '#aws/client-eks';
import type { KubeConfig } from '#kubernetes';
import type { AwsClients } from '../aws/clients.ts';
import { describeEks, eksKubeConfig } from '../aws/eks.ts';
import { awsProblem } from '../aws/errors.ts';
import { missingRights, type Right, signedIn } from '../deploy/rights.ts';
import { PipelineError } from '../errors.ts';
import { clusterProblem } from '../kubernetes/api_error.ts';
import { examineAddOns, examineBalancerController } from './add_ons.ts';
import { compareVersions, type Supported, supportFinding } from './eksctl_yaml.ts';
import type { Finding } from './finding.ts';

export type WantedCluster = {
  name: string;
  /** Such as 1.35; if missing, any. */
  version?: string;
  namespace: string;
  /** What a release needs: `deployerRights`. */
  rights: Right[];
  /** EKS' add-ons that it should have. */
  addOns: string[];
};

/** Never throws. */
export async function examineEks(clients: AwsClients, wanted: WantedCluster): Promise<Finding[]> {
  const { name, version } = wanted;
  const what = `cluster ${name}`;
  try {
    const cluster = await describeEks(clients, name);
    const reach = cluster.isPublic ? '' : ', reachable only from inside its network';
    const is = `${what}: Kubernetes ${cluster.version}, ${cluster.status}${reach}`;
    if (cluster.status !== 'ACTIVE')
      return [{ what: is, problem: 'expected ACTIVE', next: 'wait, or look at it in the EKS console' }];
    const findings: Finding[] = [
      { what: is, ...(version && version !== cluster.version && versionProblem(version, cluster.version)) },
    ];
    const kubeConfig = await eksKubeConfig(clients, name);
    return [
      ...findings,
      ...(await examineAddOns(clients, { cluster: name, version: cluster.version, names: wanted.addOns })),
      ...(await examineCluster(kubeConfig, wanted)),
      await examineBalancerController(kubeConfig),
    ];
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
    problem: `eksctl.yaml has ${wanted}`,
    next: isOlder
      ? 'eksctl upgrade cluster -f eksctl.yaml --approve'
      : `set version: '${found}' in eksctl.yaml: EKS cannot downgrade`,
  };
}

/** For any cluster. Never throws. */
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
    const next = "bind the deployer's Role of manifests/ to this user";
    return { what, problem: `denied: ${missing.join('; ')}`, next };
  } catch (error) {
    const { problem, next } = clusterProblem(error);
    return { what, problem, next };
  }
}

/** Asks EKS which Kubernetes versions it supports today. If it cannot be asked, that is no fault. Never throws. */
export async function examineEksVersions(clients: AwsClients, wanted: string, now = new Date()): Promise<Finding> {
  try {
    const supported: Supported[] = [];
    for await (const page of paginateDescribeClusterVersions({ client: clients.eks }, { includeAll: true })) {
      for (const found of page.clusterVersions ?? []) {
        const { clusterVersion: version = '', versionStatus: status = '', endOfStandardSupportDate: end } = found;
        supported.push({ version, status: String(status), end });
      }
    }
    return supportFinding(wanted, supported, now);
  } catch (error) {
    const { problem } = awsProblem(error);
    return { what: `Kubernetes ${wanted} of eksctl.yaml: EKS did not list the versions it supports (${problem})` };
  }
}
