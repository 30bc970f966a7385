/**
 * monitoring/ec2/template.yaml, made by moto's CloudFormation. Moto knows no egress rules, secrets nor DLM there, drops
 * encryption and metadata options, and keeps in an update what a condition takes away: scripts/ec2.test.ts looks at the
 * first of those in the template itself.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';

const template = readFileSync(join(import.meta.dirname, '../monitoring/ec2/template.yaml'), 'utf8');
const STACK = 'monitoring';
const versions = { cloudformation: '2010-05-15', ec2: '2016-11-15' };

/** What stands in the first such element; throws when there is none. */
function element(xml: string, name: string): string {
  const match = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml);
  if (match === null) throw new Error(`no <${name}> in ${xml.slice(0, 500)}`);
  return match[1];
}

describe.skipIf(!need('moto'))('the stack', () => {
  let moto: MotoServer;
  let fixed: Record<string, string>;

  /** AWS's query protocol: a form in, XML out. */
  async function ask(service: keyof typeof versions, Action: string, fields: Record<string, string>): Promise<string> {
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
  }

  async function create(StackName: string, parameters: Record<string, string>): Promise<void> {
    const fields = Object.entries(parameters).flatMap(([key, value], i) => [
      [`Parameters.member.${i + 1}.ParameterKey`, key],
      [`Parameters.member.${i + 1}.ParameterValue`, value],
    ]);
    await ask('cloudformation', 'CreateStack', {
      StackName,
      TemplateBody: template,
      'Capabilities.member.1': 'CAPABILITY_IAM',
      ...Object.fromEntries(fields),
    });
    const deadline = Date.now() + 30_000;
    for (;;) {
      const status = element(await ask('cloudformation', 'DescribeStacks', { StackName }), 'StackStatus');
      if (status === 'CREATE_COMPLETE') return;
      if (status.includes('FAILED') || status.includes('ROLLBACK') || Date.now() > deadline) throw new Error(status);
      await sleep(100);
    }
  }

  // DescribeStackResource fails in moto as soon as a stack has something that it does not know.
  async function physical(name: string): Promise<string> {
    const xml = await ask('cloudformation', 'DescribeStackResources', { StackName: STACK });
    const own = xml.split('</member>').find((member) => member.includes(`<LogicalResourceId>${name}<`));
    return element(own ?? '', 'PhysicalResourceId');
  }

  async function userData(machine: string): Promise<string> {
    const fields = { InstanceId: await physical(machine), Attribute: 'userData' };
    return Buffer.from(element(await ask('ec2', 'DescribeInstanceAttribute', fields), 'value'), 'base64').toString();
  }

  beforeAll(async () => {
    moto = await startMoto();
    const subnets = await ask('ec2', 'DescribeSubnets', {});
    fixed = {
      Vpc: element(subnets, 'vpcId'),
      Subnet: element(subnets, 'subnetId'),
      AvailabilityZone: element(subnets, 'availabilityZone'),
      AccessCidr: '10.20.0.0/16',
      Bucket: 'a-bucket',
    };
    await create(STACK, fixed);
  });
  afterAll(() => moto?.stop());

  test.each(['Prometheus', 'Grafana'])('%s has its own volume, on which its user data waits', async (name) => {
    const volume = await physical(`${name}Volume`);
    const xml = await ask('ec2', 'DescribeVolumes', { 'VolumeId.1': volume });
    expect(element(xml, 'instanceId')).toBe(await physical(`${name}Machine`));
    expect(element(xml, 'availabilityZone')).toBe(fixed.AvailabilityZone);
    const text = await userData(`${name}Machine`);
    expect(text).toContain(`VOLUME_ID=${volume}\n`);
    expect(text).toContain('SOURCE=s3://a-bucket/sentiment/monitoring\n');
  });

  test("Grafana is told Prometheus' private address", async () => {
    const xml = await ask('ec2', 'DescribeInstances', { 'InstanceId.1': await physical('PrometheusMachine') });
    expect(await userData('GrafanaMachine')).toContain(
      `PROMETHEUS_URL=http://${element(xml, 'privateIpAddress')}:9090\n`,
    );
  });

  test("Prometheus' group lets in Grafana's group on 9090 and no network", async () => {
    const xml = await ask('ec2', 'DescribeSecurityGroups', { 'GroupId.1': await physical('PrometheusGroup') });
    const permissions = /<ipPermissions>.*?<\/ipPermissions>/s.exec(xml)?.[0] ?? '';
    expect(element(permissions, 'fromPort')).toBe('9090');
    expect(permissions).toContain(`<groupId>${await physical('GrafanaGroup')}</groupId>`);
    expect(permissions).not.toContain('<cidrIp>');
  });

  test('outputs name machines and policies, no password', async () => {
    const xml = await ask('cloudformation', 'DescribeStacks', { StackName: STACK });
    const keys = [...xml.matchAll(/<OutputKey>([^<]+)</g)].map(([, key]) => key);
    expect(keys).toEqual(expect.arrayContaining(['GrafanaMachine', 'PrometheusMachine', 'TargetsPolicyArn']));
  });

  test('without machines there are the volumes all the same', async () => {
    await create('idle', { ...fixed, Machines: 'absent' });
    const xml = await ask('cloudformation', 'DescribeStackResources', { StackName: 'idle' });
    const names = [...xml.matchAll(/<LogicalResourceId>([^<]+)</g)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['PrometheusVolume', 'GrafanaVolume']));
    expect(names.filter((name) => /Machine|Attachment/.test(name))).toEqual([]);
  });
});
