import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clusterConfig, eksctlFinding, parseEksctl, supportFinding } from './kubernetes_version.ts';

const day = (text: string) => new Date(`${text}T00:00:00Z`);
const now = day('2026-11-24');
const supported = [
  { version: '1.33', status: 'EXTENDED_SUPPORT', end: day('2026-07-29') },
  { version: '1.34', status: 'STANDARD_SUPPORT', end: day('2026-12-02') },
  { version: '1.35', status: 'STANDARD_SUPPORT', end: day('2027-03-27') },
];

test('a version in standard support is in order, with the day it ends', () => {
  expect(supportFinding('1.35', supported, now)).toEqual({
    what: 'Kubernetes 1.35 of eksctl.yaml: in standard support until 2027-03-27',
  });
});

test.each([
  ['1.34', /ends on 2026-12-02, in 8 days/],
  ['1.33', /ended on 2026-07-29: extended support costs more/],
  ['1.27', /does not support it/],
  ['1.99', /does not support it/],
])('%s is told with what to write', (version, problem) => {
  const finding = supportFinding(version, supported, now);
  expect(finding.problem).toMatch(problem);
  expect(finding.next).toContain('1.34, 1.35');
});

const json = (version: string, ...knows: string[]) =>
  JSON.stringify({ Version: version, PreReleaseID: '', Metadata: {}, EKSServerSupportedVersions: knows });

test('eksctl says itself what it knows', () => {
  const said = json('0.230.0', '1.30', '1.31', '1.35');
  expect(eksctlFinding('1.35', said)).toEqual({ what: 'eksctl 0.230.0 knows Kubernetes 1.35' });
  expect(eksctlFinding('1.36', said)).toMatchObject({
    problem: 'it knows Kubernetes 1.30 to 1.35, 1.36 is wanted',
    next: 'install a newer eksctl',
  });
  expect(eksctlFinding('1.29', said).next).toContain('write a newer version');
});

test('an eksctl that says its version alone is judged by the table, where that can tell', () => {
  expect(eksctlFinding('1.36', '0.120.0\n').problem).toContain('no eksctl to 0.230.0 knows more than Kubernetes 1.35');
  expect(eksctlFinding('1.35', '0.120.0').problem).toBeUndefined();
  expect(eksctlFinding('1.40', '0.300.0').problem).toBeUndefined();
});

test('no eksctl is no fault, other words are', () => {
  expect(eksctlFinding('1.35', undefined).problem).toBeUndefined();
  expect(eksctlFinding('1.35', 'command not found').problem).toContain('"command not found"');
  expect(parseEksctl('{"Version": 1}')).toEqual({ version: '1', knows: [] });
});

test("the project's own eksctl.yaml has name, region and version", () => {
  const { name, region, version } = clusterConfig(readFileSync('eksctl.yaml', 'utf8'));
  expect([name, region]).toEqual([expect.any(String), expect.stringMatching(/^[a-z]+-[a-z]+-\d$/)]);
  expect(version).toMatch(/^1\.\d+$/);
});
