/** What the schemas of CloudFormation and Compose cannot check in monitoring/ec2. */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'monitoring/ec2');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

type Container = {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes: string[];
  ports?: string[];
  network_mode?: string;
  restart: string;
  mem_limit: string;
  healthcheck: { test: string[] };
};
const compose = (machine: string): Record<string, Container> =>
  parse(read(`monitoring/ec2/${machine}.compose.yaml`)).services;
const services = { ...compose('prometheus'), ...compose('grafana') };

type Rule = { CidrIp?: string; FromPort: number; SourceSecurityGroupId?: string };
type Resource = { Type: string; Properties: Record<string, unknown> };
const template = parse(read('monitoring/ec2/template.yaml'), { logLevel: 'error' });
const resources: Record<string, Resource> = template.Resources;
const ofType = (type: string) => Object.values(resources).filter(({ Type }) => Type === type);
const userData = (machine: 'Prometheus' | 'Grafana') => {
  const { UserData } = resources[`${machine}Machine`].Properties as { UserData: { 'Fn::Base64': string } };
  return UserData['Fn::Base64'];
};

describe('containers', () => {
  test('are Prometheus, Alertmanager and Grafana', () => {
    expect(Object.keys(services)).toEqual(['prometheus', 'alertmanager', 'grafana']);
  });

  test.each(Object.entries(services))(
    '%s has a full version, a limit of memory, a health check, a restart',
    (_, it) => {
      expect(it.image).toMatch(/^[a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/);
      expect(it.mem_limit).toMatch(/^\d+[mg]$/);
      expect(it.healthcheck.test.at(-1)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
      expect(it.restart).toBe('unless-stopped');
    },
  );

  test('are the versions that dagger call monitoring runs', () => {
    const module = read('ci/src/index.ts');
    for (const { image } of [services.prometheus, services.grafana]) expect(module).toContain(`'${image}'`);
  });

  test.each(Object.entries(services))('every file that %s mounts from the repository is there', (_, { volumes }) => {
    const own = volumes.filter((volume) => volume.startsWith('..'));
    expect(own.length).toBeGreaterThan(0);
    for (const volume of own) {
      const [source, , mode] = volume.split(':');
      expect(existsSync(join(folder, source)), volume).toBe(true);
      expect(mode).toBe('ro');
    }
  });

  test('find their configuration where the mounts put it', () => {
    for (const name of ['prometheus', 'alertmanager']) {
      const file = services[name].command?.map((word) => /^--config\.file=(.+)$/.exec(word)?.[1]).find(Boolean) ?? '';
      expect(services[name].volumes).toContain(`..:${posix.dirname(file)}:ro`);
      expect(existsSync(join(folder, '..', posix.basename(file)))).toBe(true);
    }
  });

  test('listen where prometheus.yml expects them', () => {
    const config = parse(read('monitoring/prometheus.yml'));
    const self = config.scrape_configs.find(({ job_name }: { job_name: string }) => job_name === 'prometheus');
    const [alertmanager] = config.alerting.alertmanagers[0].static_configs[0].targets;
    expect(services.alertmanager.command).toContain(`--web.listen-address=${alertmanager}`);
    const [, port] = self.static_configs[0].targets[0].split(':');
    expect(services.prometheus.command).toContain(`--web.listen-address=0.0.0.0:${port}`);
    expect([services.prometheus.network_mode, services.alertmanager.network_mode]).toEqual(['host', 'host']);
  });

  test('Grafana gets every variable that its provisioning reads', () => {
    const provisioning = ['datasources/prometheus.yml', 'dashboards/sentiment.yml'];
    const text = provisioning.map((path) => read(`monitoring/grafana/provisioning/${path}`)).join();
    const variables = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    expect(variables.length).toBeGreaterThan(0);
    for (const name of variables) expect(services.grafana.environment).toHaveProperty(name);
    const { DASHBOARDS } = services.grafana.environment ?? {};
    expect(services.grafana.volumes).toContain(`../grafana/dashboards:${DASHBOARDS}:ro`);
  });

  test.each(['prometheus', 'grafana'] as const)('%s is given every setting that its compose file reads', (machine) => {
    const needed = [...read(`monitoring/ec2/${machine}.compose.yaml`).matchAll(/\$\{(\w+):\?/g)].map(
      ([, name]) => name,
    );
    const given = userData(machine === 'grafana' ? 'Grafana' : 'Prometheus');
    expect(needed).toContain('DATA');
    for (const name of needed) expect(given).toContain(` ${name}=`);
  });
});

describe('the template', () => {
  test.each(['Prometheus', 'Grafana'] as const)("%s's user data is cloud-init's, and holds no secret", (machine) => {
    const text = userData(machine);
    expect(text).toMatch(/^#cloud-config\n/);
    expect(Object.keys(parse(text))).toEqual(['packages', 'write_files', 'runcmd']);
    // EC2's limit is 16 KiB.
    expect(Buffer.byteLength(text)).toBeLessThan(16_384);
    expect(text).not.toMatch(/password=|resolve:secretsmanager|secret_access/i);
  });

  test('generates the password and outputs only where it is', () => {
    const { AdminPassword } = resources;
    expect(AdminPassword.Properties).toHaveProperty('GenerateSecretString');
    expect(AdminPassword.Properties).not.toHaveProperty('SecretString');
    expect(services.grafana.environment).not.toHaveProperty('GF_SECURITY_ADMIN_PASSWORD');
    expect(read('monitoring/ec2/template.yaml')).not.toContain('{{resolve:');
  });

  test('admits only the given network, and Grafana to Prometheus', () => {
    const groups = ofType('AWS::EC2::SecurityGroup').flatMap(
      ({ Properties }) => (Properties.SecurityGroupIngress ?? []) as Rule[],
    );
    expect(groups).toEqual([expect.objectContaining({ FromPort: 3000, CidrIp: 'AccessCidr' })]);
    const rules = ofType('AWS::EC2::SecurityGroupIngress').map(({ Properties }) => Properties);
    expect(rules).toEqual([expect.objectContaining({ FromPort: 9090, SourceSecurityGroupId: 'GrafanaGroup' })]);
    expect(template.Parameters.AccessCidr).not.toHaveProperty('Default');
    const allowed = new RegExp(template.Parameters.AccessCidr.AllowedPattern);
    expect(['10.20.0.0/16', '203.0.113.7/32', '0.0.0.0/0', '10.0.0.0/4'].map((cidr) => allowed.test(cidr))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('requires IMDSv2 and encrypts every disk', () => {
    const machines = ofType('AWS::EC2::Instance');
    expect(machines).toHaveLength(2);
    for (const { Properties } of machines) {
      expect(Properties.MetadataOptions).toEqual({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
      expect(Properties.BlockDeviceMappings).toEqual([
        { DeviceName: '/dev/xvda', Ebs: expect.objectContaining({ Encrypted: true }) },
      ]);
      expect(Properties).not.toHaveProperty('KeyName');
    }
    const volumes = ofType('AWS::EC2::Volume');
    expect(volumes).toHaveLength(2);
    for (const volume of volumes) {
      expect(volume).toMatchObject({
        DeletionPolicy: 'Snapshot',
        UpdateReplacePolicy: 'Snapshot',
        Properties: { Encrypted: true },
      });
    }
  });

  test('takes snapshots by the tag of the volumes', () => {
    const { PolicyDetails } = resources.Backup.Properties as { PolicyDetails: { TargetTags: object[] } };
    for (const { Properties } of ofType('AWS::EC2::Volume'))
      expect(Properties.Tags).toContainEqual(PolicyDetails.TargetTags[0]);
  });

  test('no role may do everything, or anything on every resource', () => {
    for (const { Type, Properties } of Object.values(resources).filter(({ Type }) =>
      /^AWS::IAM::(Role|ManagedPolicy)$/.test(Type),
    )) {
      const inline = ((Properties.Policies ?? []) as { PolicyDocument: unknown }[]).map(
        (policy) => policy.PolicyDocument,
      );
      const documents = Type === 'AWS::IAM::Role' ? inline : [Properties.PolicyDocument];
      for (const { Statement } of documents as { Statement: { Action: string; Resource: string }[] }[]) {
        for (const { Action, Resource } of Statement) {
          expect(Action).not.toContain('*');
          expect(Resource).not.toBe('*');
        }
      }
    }
  });

  test('the release may write the file that prometheus.yml watches', () => {
    const { PolicyDocument } = resources.TargetsPolicy.Properties as {
      PolicyDocument: { Statement: { Resource: string }[] };
    };
    expect(PolicyDocument.Statement[0].Resource).toMatch(/\/targets\/sentiment\.json$/);
    const [{ file_sd_configs }] = parse(read('monitoring/prometheus.yml')).scrape_configs;
    expect(file_sd_configs).toEqual([{ files: ['targets/*.json'] }]);
  });
});

// The AWS command line and Docker are doubles that record their calls.
describe('apply.sh', () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'ec2-'));
    mkdirSync(join(scratch, 'bin'));
    mkdirSync(join(scratch, 'root/targets'), { recursive: true });
    const double = (name: string, body: string) => {
      writeFileSync(join(scratch, 'bin', name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(scratch, 'bin', name), 0o755);
    };
    double('docker', `echo "$*" >>${scratch}/docker.log`);
    double('aws', `[ "$1" != secretsmanager ] || cat ${scratch}/secret`);
    writeFileSync(join(scratch, 'secret'), 'a-password\n');
    double('chown', '');
    writeFileSync(join(scratch, 'root/prometheus.yml'), 'one');
  });
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  function apply(machine: string): string {
    writeFileSync(join(scratch, 'env'), `MACHINE=${machine}\nSOURCE=s3://bucket/prefix\nADMIN_SECRET=arn\n`);
    writeFileSync(join(scratch, 'docker.log'), '');
    const env = {
      PATH: `${join(scratch, 'bin')}:${process.env.PATH}`,
      SETTINGS: join(scratch, 'env'),
      ROOT: join(scratch, 'root'),
      STATE: join(scratch, 'state'),
    };
    const { status, stdout, stderr } = spawnSync('bash', [join(folder, 'apply.sh')], { env, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    return readFileSync(join(scratch, 'docker.log'), 'utf8');
  }

  test('reloads when a file changed, but not for new targets', () => {
    expect(apply('prometheus')).toMatch(/^compose -f \S+\/ec2\/prometheus\.compose\.yaml up .*\n$/);
    writeFileSync(join(scratch, 'root/targets/sentiment.json'), '[]');
    expect(apply('prometheus')).not.toContain('kill');
    writeFileSync(join(scratch, 'root/prometheus.yml'), 'two');
    expect(apply('prometheus')).toMatch(/exec -T prometheus kill -HUP 1\n.*exec -T alertmanager kill -HUP 1\n$/);
    expect(apply('prometheus')).not.toContain('kill');
  });

  test('the password goes into a file with one reader, and nowhere else', () => {
    expect(apply('grafana')).not.toContain('a-password');
    const file = join(scratch, 'state/grafana_admin');
    expect(readFileSync(file, 'utf8')).toBe('a-password\n');
    expect(spawnSync('stat', ['-c', '%a', file], { encoding: 'utf8' }).stdout).toBe('600\n');
    writeFileSync(join(scratch, 'root/prometheus.yml'), 'two');
    expect(apply('grafana')).toContain('restart grafana');
  });

  test('writes a new password into the file that the container mounts', () => {
    apply('grafana');
    const file = join(scratch, 'state/grafana_admin');
    const { ino } = statSync(file);
    writeFileSync(join(scratch, 'secret'), 'another\n');
    apply('grafana');
    expect(readFileSync(file, 'utf8')).toBe('another\n');
    expect(statSync(file).ino).toBe(ino);
    expect(readdirSync(join(scratch, 'state'))).toEqual(['grafana_admin']);
  });
});
