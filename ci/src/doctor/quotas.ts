/** Checks of an account's quotas against eksctl.yaml: a new account may run fewer processors than the cluster needs. */
import { parse } from 'yaml';
import type { AwsClients } from '../aws/clients.ts';
import { awsProblem } from '../aws/errors.ts';
import { jsonCall } from '../aws/json_call.ts';
import type { Finding } from './finding.ts';

export type Need = {
  /** As AWS calls it. */
  quota: string;
  service: string;
  code: string;
  /** What `eksctl create cluster` takes at once. */
  wanted: number;
  /** What the cluster takes at its largest, with one node more while nodes are replaced. */
  most?: number;
};

type Group = { instanceTypes?: string[]; desiredCapacity?: number; maxSize?: number };

/** `text` is an eksctl.yaml. Codes: `aws service-quotas list-service-quotas --service-code ec2`. Throws as the YAML parser. */
export function needsOf(text: string): Need[] {
  const config = (parse(text) ?? {}) as { managedNodeGroups?: Group[]; vpc?: { nat?: { gateway?: string } } };
  const groups = config.managedNodeGroups ?? [];
  const processors = (nodes: (group: Group) => number) =>
    groups.reduce((sum, group) => sum + nodes(group) * Math.max(0, ...(group.instanceTypes ?? []).map(vcpusOf)), 0);
  return [
    {
      quota: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, in vCPUs',
      service: 'ec2',
      code: 'L-1216C47A',
      wanted: processors(({ desiredCapacity = 2 }) => desiredCapacity),
      most: processors(({ desiredCapacity = 2, maxSize = desiredCapacity }) => maxSize + 1),
    },
    { quota: 'EC2-VPC Elastic IPs', service: 'ec2', code: 'L-0263D0A3', wanted: gateways(config.vpc?.nat?.gateway) },
    { quota: 'VPCs per Region', service: 'vpc', code: 'L-F678F1CE', wanted: 1 },
  ];
}

function gateways(nat = 'Single'): number {
  return nat === 'Disable' ? 0 : nat === 'HighlyAvailable' ? 3 : 1;
}

/** vCPUs of `m7i-flex.large` and the like. https://aws.amazon.com/ec2/instance-types/ */
export function vcpusOf(type: string): number {
  const size = type.split('.')[1] ?? '';
  const times = /^(\d*)xlarge$/.exec(size);
  if (times) return 4 * Number(times[1] || 1);
  // Burstable types have two at every small size.
  return size === 'medium' && !/^t\d/.test(type) ? 1 : 2;
}

/** Asks Service Quotas. What others in the account use already is not counted. Never throws. */
export async function examineQuotas(clients: AwsClients, needs: Need[]): Promise<Finding[]> {
  return await Promise.all(needs.filter(({ wanted }) => wanted > 0).map((need) => examineQuota(clients, need)));
}

async function examineQuota(clients: AwsClients, { quota, service, code, wanted, most }: Need): Promise<Finding> {
  const what = `quota "${quota}"`;
  try {
    const body = { ServiceCode: service, QuotaCode: code };
    const target = 'ServiceQuotasV20190624.GetServiceQuota';
    const { Quota } = (await jsonCall(clients, { service: 'servicequotas', target, body })) as {
      Quota?: { Value?: number };
    };
    if (Quota?.Value === undefined) return { what: `${what}: Service Quotas told no value` };
    const has = `${what}: ${Quota.Value}`;
    if (Quota.Value >= wanted) {
      const room = most !== undefined && most > Quota.Value ? `; at its largest it needs ${most}` : '';
      return { what: `${has}, and the cluster of eksctl.yaml needs ${wanted}${room}` };
    }
    const raise = `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${most ?? wanted}`;
    return { what: has, problem: `the cluster of eksctl.yaml needs ${wanted}`, next: `${raise} (hours to days)` };
  } catch (error) {
    const { problem } = awsProblem(error);
    return { what: `${what}: not checked (${problem}); the check needs servicequotas:GetServiceQuota` };
  }
}
