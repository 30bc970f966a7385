/** Checks of what runs in the cluster beside the service: EKS' add-ons, and the load balancer controller, which is none. */
import { DescribeAddonCommand, DescribeAddonVersionsCommand } from '#aws/client-eks';
import type { KubeConfig } from '#kubernetes';
import type { AwsClients } from '../aws/clients.ts';
import { awsProblem, errorName } from '../aws/errors.ts';
import { describeError } from '../kubernetes/api_error.ts';
import { ask } from '../kubernetes/objects.ts';
import { compareVersions } from './eksctl_yaml.ts';
import type { Finding } from './finding.ts';

export type AddOnsWanted = {
  cluster: string;
  /** Kubernetes of the cluster, such as 1.35. */
  version: string;
  /** As eksctl.yaml names them. */
  names: string[];
};

/** Never throws. */
export async function examineAddOns(clients: AwsClients, wanted: AddOnsWanted): Promise<Finding[]> {
  return await Promise.all(wanted.names.map((name) => examineAddOn(clients, wanted, name)));
}

async function examineAddOn({ eks }: AwsClients, { cluster, version }: AddOnsWanted, name: string): Promise<Finding> {
  const what = `add-on ${name}`;
  try {
    const { addon } = await eks.send(new DescribeAddonCommand({ clusterName: cluster, addonName: name }));
    const { addonVersion = '', status, health } = addon ?? {};
    const is = `${what} ${addonVersion}`;
    if (status !== 'ACTIVE') {
      const issue = health?.issues?.map(({ code, message }) => `${code}: ${message}`).join('; ');
      const next = `look at it: aws eks describe-addon --cluster-name ${cluster} --addon-name ${name}`;
      return { what: is, problem: `it is ${status}${issue ? ` (${issue})` : ''}`, next };
    }
    const listed = await eks.send(new DescribeAddonVersionsCommand({ kubernetesVersion: version, addonName: name }));
    return ageFinding(is, addonVersion, version, listed.addons?.[0]?.addonVersions ?? []);
  } catch (error) {
    if (errorName(error) === 'ResourceNotFoundException') {
      return { what, problem: `${cluster} does not have it`, next: 'eksctl create addon -f eksctl.yaml' };
    }
    const { problem } = awsProblem(error);
    return {
      what: `${what}: not checked (${problem}); the check needs eks:DescribeAddon and eks:DescribeAddonVersions`,
    };
  }
}

type Listed = { addonVersion?: string; compatibilities?: { defaultVersion?: boolean }[] };

function ageFinding(is: string, own: string, kubernetes: string, listed: Listed[]): Finding {
  const next = 'eksctl update addon -f eksctl.yaml';
  if (listed.length === 0) return { what: `${is}: EKS lists no versions for Kubernetes ${kubernetes}` };
  const isDefault = ({ compatibilities = [] }: Listed) => compatibilities.some(({ defaultVersion }) => defaultVersion);
  const usual = listed.find(isDefault)?.addonVersion;
  if (!listed.some(({ addonVersion }) => addonVersion === own))
    return { what: is, problem: `it does not fit Kubernetes ${kubernetes}`, next };
  if (usual !== undefined && compareVersions(own, usual) < 0)
    return { what: `${is}; EKS installs ${usual} now (${next})` };
  return { what: `${is}: fits Kubernetes ${kubernetes}` };
}

/**
 * Without the kind TargetGroupBinding nobody makes the balancer of manifests/app/3-service.yaml, and its pods get no gate.
 * Never throws.
 */
export async function examineBalancerController(kubeConfig: KubeConfig): Promise<Finding> {
  const what = 'load balancer controller (kind TargetGroupBinding)';
  try {
    const { status } = await ask(kubeConfig, { method: 'GET', path: '/apis/elbv2.k8s.aws/v1beta1' });
    if (status === 200) return { what };
    if (status !== 404) return { what: `${what}: not checked (the API server answers ${status})` };
    return { what, problem: 'the cluster does not have it', next: 'install the chart: docs/aws.md, "The cluster"' };
  } catch (error) {
    return { what: `${what}: not checked (${describeError(error)})` };
  }
}
