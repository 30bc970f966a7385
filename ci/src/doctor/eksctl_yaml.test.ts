import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { examineEksctlYaml } from './eksctl_yaml.ts';
import { clusterConfig } from './kubernetes_version.ts';

const text = readFileSync('eksctl.yaml', 'utf8');
const region = clusterConfig(text).region ?? '';

test("the file as it is names another account than one's own", () => {
  const [finding, ...others] = examineEksctlYaml(text, { account: '123456789012', region });
  expect(finding.problem).toBe('it names a role of account 111122223333, the credentials are of 123456789012');
  expect(others).toEqual([]);
});

test('with account and region written in, it is in order', () => {
  expect(examineEksctlYaml(text, { account: '111122223333', region })).toEqual([
    { what: 'eksctl.yaml: account and region are ours' },
  ]);
  const elsewhere = examineEksctlYaml(text, { account: '111122223333', region: 'us-west-2' });
  expect(elsewhere[0].problem).toContain(`its region is ${region}, the release works in us-west-2`);
});
