/** What eksctl's schema cannot check in eksctl.yaml. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const text = readFileSync(resolve(import.meta.dirname, '../../eksctl.yaml'), 'utf8');
const nodes = z.looseObject({
  amiFamily: z.string(),
  availabilityZones: z.array(z.string()),
  privateNetworking: z.boolean(),
  minSize: z.number(),
  iam: z.object({ attachPolicyARNs: z.array(z.string()) }),
});
const cluster = z
  .looseObject({
    metadata: z.object({ name: z.string(), region: z.string(), version: z.string() }),
    availabilityZones: z.array(z.string()),
    accessConfig: z.looseObject({
      authenticationMode: z.string(),
      accessEntries: z.tuple([z.looseObject({ principalARN: z.string(), kubernetesGroups: z.array(z.string()) })]),
    }),
    addons: z.array(z.looseObject({ name: z.string(), configurationValues: z.string().optional() })),
    managedNodeGroups: z.tuple([nodes]),
  })
  .parse(parse(text));
const [group] = cluster.managedNodeGroups;

test('the version is a string with a minor number, as eksctl expects', () => {
  expect(cluster.metadata.version).toMatch(/^1\.[1-9]\d$/);
  expect(cluster).toMatchObject({ upgradePolicy: { supportType: 'STANDARD' } });
});

test('the nodes are in three zones of the region, at least one in each, without public addresses', () => {
  const zones = ['a', 'b', 'c'].map((zone) => cluster.metadata.region + zone);
  expect(cluster.availabilityZones).toEqual(zones);
  expect(group.availabilityZones).toEqual(zones);
  expect(group.minSize).toBeGreaterThanOrEqual(zones.length);
  expect(group.privateNetworking).toBe(true);
  expect(group.amiFamily).toBe('AmazonLinux2023');
});

test('the nodes may pull images but not push them, and no pod can use their permissions', () => {
  const policies = group.iam.attachPolicyARNs.map((arn) => arn.replace(/^arn:aws:iam::aws:policy\//, ''));
  expect(policies.sort()).toEqual([
    'AmazonEC2ContainerRegistryPullOnly',
    'AmazonEKSWorkerNodePolicy',
    'AmazonSSMManagedInstanceCore',
  ]);
  expect(group).toMatchObject({ disableIMDSv1: true, disablePodIMDS: true });
});

test('access is by access entries, and the release gets a group but no cluster-wide policy', () => {
  // The schema accepts any text here, but CONFIG_MAP forbids access entries.
  expect(['API', 'API_AND_CONFIG_MAP']).toContain(cluster.accessConfig.authenticationMode);
  const [release] = cluster.accessConfig.accessEntries;
  expect(release.kubernetesGroups).toEqual(['sentiment-deployers']);
  expect(release).not.toHaveProperty('accessPolicies');
});

test('the account is in one place, and the head of the file says to change it', () => {
  const lines = text.split('\n');
  const settings = lines.filter((line) => !line.startsWith('#') && /\d{12}/.test(line));
  expect(settings).toHaveLength(1);
  const [, account] = /principalARN: arn:aws:iam::(\d{12}):role\//.exec(settings[0])!;
  expect(lines.filter((line) => line.startsWith('#')).join('\n')).toContain(`${account} becomes your account`);
});

test('the options that stand in comments are valid: they come out as eksctl knows them', () => {
  const schema = readFileSync(resolve(import.meta.dirname, 'testdata/eksctl/schema.json'), 'utf8');
  const on = text.replace(/^( *)# (publicAccessCIDRs: |secretsEncryption:$| {2}keyARN: )/gm, '$1$2');
  const { vpc, secretsEncryption } = parse(on);
  expect(vpc.publicAccessCIDRs).toEqual(['203.0.113.0/24']);
  expect(secretsEncryption.keyARN).toMatch(/^arn:aws:kms:eu-central-1:111122223333:key/);
  for (const name of ['publicAccessCIDRs', 'secretsEncryption', 'keyARN']) expect(schema).toContain(`"${name}": {`);
  expect(parse(text)).not.toHaveProperty('secretsEncryption');
});

test('network policies are enforced, and the autoscaler has metrics', () => {
  const names = cluster.addons.map(({ name }) => name);
  expect(names).toEqual(['eks-pod-identity-agent', 'vpc-cni', 'coredns', 'kube-proxy', 'metrics-server']);
  const cni = cluster.addons.find(({ name }) => name === 'vpc-cni')!;
  expect(JSON.parse(cni.configurationValues!)).toEqual({ enableNetworkPolicy: 'true' });
});
