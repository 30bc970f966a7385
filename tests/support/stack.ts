/** The stack of monitoring/ec2/template.yaml in moto's CloudFormation, and the resources that it creates. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MotoServer } from './moto.ts';
import { PATIENCE } from './patience.ts';

const template = readFileSync(join(import.meta.dirname, '../../monitoring/ec2/template.yaml'), 'utf8');
const versions = { cloudformation: '2010-05-15', ec2: '2016-11-15' };

type Fields = Record<string, string>;

export type Stack = {
  /** Parameters for what exists already: network, bucket. */
  fixed: Fields;
  /** AWS's query protocol: a form in, XML out. Throws AWS's answer when it refuses. */
  ask(service: keyof typeof versions, action: string, fields?: Fields): Promise<string>;
  create(name: string, parameters: Fields): Promise<void>;
  update(name: string, parameters: Fields): Promise<void>;
  /** Physical ids of the stack's resources, by logical id. */
  resources(name: string): Promise<Record<string, string>>;
  /** The user data that the machine ("PrometheusMachine") gets at its first start. */
  userData(name: string, machine: string): Promise<string>;
};

export async function stackIn(moto: MotoServer, bucket: string): Promise<Stack> {
  const ask: Stack['ask'] = async (service, Action, fields = {}) => {
    const response = await fetch(moto.uri, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: new URLSearchParams({ Action, Version: versions[service], ...fields }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${Action}: ${response.status} ${text.slice(0, 500)}`);
    return text;
  };

  async function apply(action: 'Create' | 'Update', StackName: string, parameters: Fields): Promise<void> {
    const fields = Object.entries(parameters).flatMap(([key, value], i) => [
      [`Parameters.member.${i + 1}.ParameterKey`, key],
      [`Parameters.member.${i + 1}.ParameterValue`, value],
    ]);
    await ask('cloudformation', `${action}Stack`, {
      StackName,
      TemplateBody: parameters.Machines === 'absent' ? withoutMachines(template) : template,
      'Capabilities.member.1': 'CAPABILITY_IAM',
      ...Object.fromEntries(fields),
    });
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const status = element(await ask('cloudformation', 'DescribeStacks', { StackName }), 'StackStatus');
      if (status === `${action.toUpperCase()}_COMPLETE`) return;
      if (status.includes('FAILED') || status.includes('ROLLBACK') || Date.now() > deadline) throw new Error(status);
      await sleep(100);
    }
  }

  // moto's DescribeStackResource fails for a stack with a resource of a kind that moto does not know.
  async function resources(StackName: string): Promise<Record<string, string>> {
    const members = (await ask('cloudformation', 'DescribeStackResources', { StackName })).split('</member>');
    // A resource of a kind that moto does not know has no physical id.
    const found = members.filter((member) => member.includes('<PhysicalResourceId>'));
    return Object.fromEntries(
      found.map((member) => [element(member, 'LogicalResourceId'), element(member, 'PhysicalResourceId')]),
    );
  }

  const subnets = await ask('ec2', 'DescribeSubnets');
  return {
    fixed: {
      Vpc: element(subnets, 'vpcId'),
      Subnet: element(subnets, 'subnetId'),
      AvailabilityZone: element(subnets, 'availabilityZone'),
      AccessCidr: '10.20.0.0/16',
      Bucket: bucket,
      Runbooks: 'https://github.com/owner/name/blob/HEAD/docs/runbook',
    },
    ask,
    create: (name, parameters) => apply('Create', name, parameters),
    update: (name, parameters) => apply('Update', name, parameters),
    resources,
    async userData(name, machine) {
      const fields = { InstanceId: (await resources(name))[machine], Attribute: 'userData' };
      return Buffer.from(element(await ask('ec2', 'DescribeInstanceAttribute', fields), 'value'), 'base64').toString();
    },
  };
}

/** In an update, moto keeps what a condition removes, so the condition is applied here. */
function withoutMachines(yaml: string): string {
  return yaml
    .split(/^(?= {2}\w+:\n)/m)
    .filter((block) => !block.includes('\n    Condition: Running\n'))
    .join('');
}

/** The text of the first such element; throws when there is none. */
export function element(xml: string, name: string): string {
  const match = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml);
  if (match === null) throw new Error(`no <${name}> in ${xml.slice(0, 500)}`);
  return match[1];
}
