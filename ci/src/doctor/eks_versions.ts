/** Which versions of Kubernetes EKS supports today, asked of EKS itself. */
import { paginateDescribeClusterVersions } from '#aws/client-eks';
import type { AwsClients } from '../world/aws_clients.ts';
import { awsProblem } from '../world/aws_problem.ts';
import type { Finding } from './finding.ts';
import { type Supported, supportFinding } from './kubernetes_version.ts';

/** Never throws. What EKS cannot be asked is said and is no fault. */
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
    return { what: `Kubernetes ${wanted} of eksctl.yaml: EKS does not say what it supports (${problem})` };
  }
}
