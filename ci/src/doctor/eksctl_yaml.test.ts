import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clusterConfig, eksctlFinding, examineEksctlYaml, parseEksctl, supportFinding } from './eksctl_yaml.ts';

const text = readFileSync('eksctl.yaml', 'utf8');
const region = clusterConfig(text).region ?? '';

test('the file as it stands names an example account', () => {
  const [finding, ...others] = examineEksctlYaml(text, { account: '123456789012', region });
  expect(finding.problem).toBe('it names a role of account 111122223333, the credentials belong to 123456789012');
  expect(others).toEqual([]);
});

test('with the right account and region it is in order', () => {
  expect(examineEksctlYaml(text, { account: '111122223333', region })).toEqual([
    { what: 'eksctl.yaml: account and region match the credentials' },
  ]);
  const elsewhere = examineEksctlYaml(text, { account: '111122223333', region: 'us-west-2' });
  expect(elsewhere[0].problem).toContain(`its region is ${region}, the release runs in us-west-2`);
});

const day = (text: string) => new Date(`${text}T00:00:00Z`);
const now = day('2026-11-24');
const supported = [
  { version: '1.33', status: 'EXTENDED_SUPPORT', end: day('2026-07-29') },
  { version: '1.34', status: 'STANDARD_SUPPORT', end: day('2026-12-02') },
  { version: '1.35', status: 'STANDARD_SUPPORT', end: day('2027-03-27') },
];

test('a version in standard support is in order; the finding gives its last day', () => {
  expect(supportFinding('1.35', supported, now)).toEqual({
    what: 'Kubernetes 1.35 of eksctl.yaml: in standard support until 2027-03-27',
  });
});

test.each([
  ['1.34', /ends on 2026-12-02, in 8 days/],
  ['1.33', /ended on 2026-07-29; extended support costs more/],
  ['1.27', /does not support it/],
  ['1.99', /does not support it/],
])('%s is a finding with the versions to use', (version, problem) => {
  const finding = supportFinding(version, supported, now);
  expect(finding.problem).toMatch(problem);
  expect(finding.next).toContain('1.34, 1.35');
});

const json = (version: string, ...knows: string[]) =>
  JSON.stringify({ Version: version, PreReleaseID: '', Metadata: {}, EKSServerSupportedVersions: knows });

test('a new eksctl lists the versions it supports', () => {
  const said = json('0.230.0', '1.30', '1.31', '1.35');
  expect(eksctlFinding('1.35', said)).toEqual({ what: 'eksctl 0.230.0 supports Kubernetes 1.35' });
  expect(eksctlFinding('1.36', said)).toMatchObject({
    problem: 'it supports Kubernetes 1.30 to 1.35, eksctl.yaml has 1.36',
    next: 'install a newer eksctl',
  });
  expect(eksctlFinding('1.29', said).next).toContain('use a newer version');
});

test('an old eksctl is judged by the table', () => {
  expect(eksctlFinding('1.36', '0.120.0\n').problem).toContain('eksctl up to 0.230.0 supports at most Kubernetes 1.35');
  expect(eksctlFinding('1.35', '0.120.0').problem).toBeUndefined();
  expect(eksctlFinding('1.40', '0.300.0').problem).toBeUndefined();
});

test('a missing eksctl is no fault, unknown output is', () => {
  expect(eksctlFinding('1.35', undefined).problem).toBeUndefined();
  expect(eksctlFinding('1.35', 'command not found').problem).toContain('"command not found"');
  expect(parseEksctl('{"Version": 1}')).toEqual({ version: '1', knows: [] });
});

test("the project's own eksctl.yaml has name, region and version", () => {
  const { name, region, version } = clusterConfig(readFileSync('eksctl.yaml', 'utf8'));
  expect([name, region]).toEqual([expect.any(String), expect.stringMatching(/^[a-z]+-[a-z]+-\d$/)]);
  expect(version).toMatch(/^1\.\d+$/);
});
