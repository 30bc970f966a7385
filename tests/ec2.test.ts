/**
 * monitoring/ec2/template.yaml, made by moto's CloudFormation. Moto knows no egress rules, secrets nor DLM there, and drops
 * encryption and metadata options: tests/config/ec2.test.ts looks at the first of those in the template itself. In an update it
 * takes away what a template no longer has, but not what a condition does, and it makes nothing anew that it once had.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';
import { element, type Stack, stackIn } from './support/stack.ts';

const STACK = 'monitoring';

describe.skipIf(!need('moto'))('the stack', () => {
  let moto: MotoServer;
  let stack: Stack;
  const physical = async (name: string) => (await stack.resources(STACK))[name];

  beforeAll(async () => {
    moto = await startMoto();
    stack = await stackIn(moto, 'a-bucket');
    await stack.create(STACK, stack.fixed);
  });
  afterAll(() => moto?.stop());

  test.each(['Prometheus', 'Grafana'])('%s has its own volume, on which its user data waits', async (name) => {
    const volume = await physical(`${name}Volume`);
    const xml = await stack.ask('ec2', 'DescribeVolumes', { 'VolumeId.1': volume });
    expect(element(xml, 'instanceId')).toBe(await physical(`${name}Machine`));
    expect(element(xml, 'availabilityZone')).toBe(stack.fixed.AvailabilityZone);
    const text = await stack.userData(STACK, `${name}Machine`);
    expect(text).toContain(`VOLUME_ID=${volume}\n`);
    expect(text).toContain('SOURCE=s3://a-bucket/sentiment/monitoring\n');
  });

  test.each([
    ['a bucket without the files', 'true', 'false', 'setup: s3://a-bucket/sentiment/monitoring/ has no ec2/setup.sh'],
    ['a set-up that fails', 'echo "mkfs: no such disk" >&2; exit 3', 'false', 'mkfs: no such disk'],
    ['a set-up that ends well', 'echo ready', 'true', 'ready'],
  ])('%s is signalled to the stack, with the last lines of the log', async (what, setUp, success, reason) => {
    const { write_files } = parse(await stack.userData(STACK, 'PrometheusMachine')) as {
      write_files: { path: string; content: string }[];
    };
    const script = write_files.find(({ path }) => path.endsWith('sentiment-first-start'))?.content ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'first-start-'));
    try {
      mkdirSync(join(folder, 'bin'));
      const stub = (name: string, text: string) =>
        writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
      const isEmpty = what.includes('without');
      stub('aws', isEmpty ? 'true' : `mkdir -p ${folder}/root/ec2; echo '${setUp}' >${folder}/root/ec2/setup.sh`);
      stub('systemctl', 'true');
      stub('cfn-signal', `printf '%s\\n' "$@" >${folder}/signal`);
      writeFileSync(join(folder, 'first-start'), script);
      const env = {
        PATH: `${folder}/bin:${process.env.PATH}`,
        ROOT_DIRECTORY: `${folder}/root`,
        LOG: `${folder}/log`,
        FETCH_ATTEMPTS: '1',
        FETCH_PAUSE: '0',
      };
      const { status, stderr } = spawnSync('bash', [join(folder, 'first-start')], { env });
      expect(String(stderr)).toBe('');
      const words = readFileSync(join(folder, 'signal'), 'utf8').split('\n');
      expect(words.slice(0, 2)).toEqual(['--success', success]);
      expect(words[words.indexOf('--reason') + 1]).toContain(reason);
      expect(status === 0).toBe(success === 'true');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("Grafana is told Prometheus' private address", async () => {
    const fields = { 'InstanceId.1': await physical('PrometheusMachine') };
    const address = element(await stack.ask('ec2', 'DescribeInstances', fields), 'privateIpAddress');
    expect(await stack.userData(STACK, 'GrafanaMachine')).toContain(`PROMETHEUS_URL=http://${address}:9090\n`);
  });

  test('Prometheus is told where the pages of the alerts are', async () => {
    expect(await stack.userData(STACK, 'PrometheusMachine')).toContain(`RUNBOOKS=${stack.fixed.Runbooks}\n`);
  });

  test("Prometheus' group lets in Grafana's group on 9090 and no network", async () => {
    const xml = await stack.ask('ec2', 'DescribeSecurityGroups', { 'GroupId.1': await physical('PrometheusGroup') });
    const permissions = /<ipPermissions>.*?<\/ipPermissions>/s.exec(xml)?.[0] ?? '';
    expect(element(permissions, 'fromPort')).toBe('9090');
    expect(permissions).toContain(`<groupId>${await physical('GrafanaGroup')}</groupId>`);
    expect(permissions).not.toContain('<cidrIp>');
  });

  test('outputs name machines and policies, no password', async () => {
    const xml = await stack.ask('cloudformation', 'DescribeStacks', { StackName: STACK });
    const keys = [...xml.matchAll(/<OutputKey>([^<]+)</g)].map(([, key]) => key);
    expect(keys).toEqual(expect.arrayContaining(['GrafanaMachine', 'PrometheusMachine', 'TargetsPolicyArn']));
  });

  test('an update without machines ends them and leaves each volume as it was, to be attached again', async () => {
    await stack.create('updated', stack.fixed);
    const before = await stack.resources('updated');
    await stack.update('updated', { ...stack.fixed, Machines: 'absent' });
    const after = await stack.resources('updated');
    expect(Object.keys(after).filter((name) => /Machine|Attachment/.test(name))).toEqual([]);
    for (const name of ['Prometheus', 'Grafana']) {
      const machine = await stack.ask('ec2', 'DescribeInstances', { 'InstanceId.1': before[`${name}Machine`] });
      expect(machine).toMatch(/<instanceState>\s*<code>48<\/code>\s*<name>terminated</);
      expect(after[`${name}Volume`]).toBe(before[`${name}Volume`]);
      const volume = await stack.ask('ec2', 'DescribeVolumes', { 'VolumeId.1': after[`${name}Volume`] });
      expect(element(volume, 'status')).toBe('available');
    }
  });

  test('without machines there are the volumes all the same', async () => {
    await stack.create('idle', { ...stack.fixed, Machines: 'absent' });
    const names = Object.keys(await stack.resources('idle'));
    expect(names).toEqual(expect.arrayContaining(['PrometheusVolume', 'GrafanaVolume']));
    expect(names.filter((name) => /Machine|Attachment/.test(name))).toEqual([]);
  });
});
