/** Is the cluster there, can it be reached, does it let us in, and may we do there what a release does? */
import { AuthorizationV1Api, type KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { describeEks, eksKubeConfig } from '../cluster/eks.ts';
import { clusterProblem, signedIn } from '../cluster/sign_in.ts';
import { PipelineError } from '../errors.ts';
import type { AwsClients } from '../world/aws_clients.ts';
import { awsProblem } from '../world/aws_problem.ts';
import type { Finding } from './finding.ts';
import { compareVersions } from './versions.ts';

/** One verb on one resource. */
export type ClusterAccess = { verb: string; group: string; resource: string; subresource?: string; name?: string };

export type WantedCluster = {
  name: string;
  /** Such as 1.35; left out, any. */
  version?: string;
  namespace: string;
  /** What a release does there: `accessesOfRole` reads it from the deployer's Role. */
  accesses: ClusterAccess[];
};

/** Never throws. */
export async function examineEks(clients: AwsClients, wanted: WantedCluster): Promise<Finding[]> {
  const { name, version } = wanted;
  const what = `cluster ${name}`;
  try {
    const cluster = await describeEks(clients, name);
    const is = `${what}: Kubernetes ${cluster.version}, ${cluster.status}`;
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
  { namespace, accesses }: Pick<WantedCluster, 'namespace' | 'accesses'>,
): Promise<Finding[]> {
  const what = `endpoint ${kubeConfig.getCurrentCluster()?.server}`;
  try {
    const { username, groups } = await signedIn(kubeConfig);
    return [
      { what: `${what}: signed in as ${username} (${groups.join(', ')})` },
      await rights(kubeConfig, namespace, accesses),
    ];
  } catch (error) {
    const { problem, next } = clusterProblem(error);
    return [{ what, problem, next }];
  }
}

async function rights(kubeConfig: KubeConfig, namespace: string, accesses: ClusterAccess[]): Promise<Finding> {
  const what = `rights in namespace ${namespace}: ${accesses.length} accesses of a release`;
  const api = kubeConfig.makeApiClient(AuthorizationV1Api);
  try {
    const answers = await Promise.all(
      accesses.map(async (access) => {
        const review = await api.createSelfSubjectAccessReview({
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: { resourceAttributes: { ...access, namespace } },
          },
        });
        return { access, isAllowed: review.status?.allowed === true };
      }),
    );
    const denied = answers.filter(({ isAllowed }) => !isAllowed).map(({ access }) => accessText(access));
    if (denied.length === 0) return { what };
    return {
      what,
      problem: `denied: ${denied.join(', ')}`,
      next: "bind the deployer's Role in manifests to who signs in",
    };
  } catch (error) {
    const { problem, next } = clusterProblem(error);
    return { what, problem, next };
  }
}

function accessText({ verb, group, resource, subresource, name }: ClusterAccess): string {
  return `${verb} ${resource}${subresource ? `/${subresource}` : ''}${group ? `.${group}` : ''}${name ? ` ${name}` : ''}`;
}

/** What the Roles in a YAML text allow, verb by verb; a rule with a wildcard is left out. Throws as the YAML parser. */
export function accessesOfRole(roles: string): ClusterAccess[] {
  const documents: unknown[] = roles.split(/^---\s*$/m).map((text) => parse(text));
  return documents.flatMap((role) => {
    if (!isRecord(role) || !['Role', 'ClusterRole'].includes(String(role.kind)) || !Array.isArray(role.rules))
      return [];
    return role.rules.flatMap((rule: unknown) => (isRecord(rule) ? accessesOfRule(rule) : []));
  });
}

function accessesOfRule(rule: Record<string, unknown>): ClusterAccess[] {
  const list = (key: string) => (Array.isArray(rule[key]) ? rule[key].map(String) : []);
  const names = list('resourceNames');
  return list('apiGroups').flatMap((group) =>
    list('resources').flatMap((path) => {
      const [resource, subresource] = path.split('/');
      return list('verbs').flatMap((verb) => {
        if ([group, resource, verb].includes('*')) return [];
        const access = { verb, group, resource, ...(subresource && { subresource }) };
        return names.length === 0 ? [access] : names.map((name) => ({ ...access, name }));
      });
    }),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
