import { afterEach, expect, test } from 'vitest';
import { type AwsDouble, startAwsDouble } from '../aws/testdata/aws_double.ts';
import { parseIgnored } from './ignored.ts';
import { parseSeverity, type ScanSummary, scanGate, scanSummary } from './scan.ts';

let aws: AwsDouble | undefined;
afterEach(async () => {
  await aws?.stop();
  aws = undefined;
});

const image = { repository: 'sentiment', digest: 'sha256:abc' };
const TIMES = { deadline: 5_000, interval: 5 };

test('waits for a running scan, and starts a missing one once', async () => {
  const answers = [
    { status: 400, body: { __type: 'ScanNotFoundException' } },
    { status: 400, body: { __type: 'ScanNotFoundException' } },
    { body: { imageScanStatus: { status: 'IN_PROGRESS' } } },
    { body: { imageScanStatus: { status: 'COMPLETE' }, imageScanFindings: {} } },
  ];
  aws = await startAwsDouble(({ action }) => (action === 'StartImageScan' ? { body: {} } : answers.shift()!));
  const found = await scanSummary(aws.clients, image, TIMES);
  expect(found).toMatchObject({ isScanned: true, counts: {}, text: 'scan COMPLETE: no findings' });
  expect(aws.actions().filter((action) => action === 'StartImageScan')).toHaveLength(1);
});

test('counts the findings of enhanced scanning', async () => {
  const imageScanFindings = {
    findingSeverityCounts: { UNTRIAGED: 1, HIGH: 2 },
    enhancedFindings: [
      { severity: 'UNTRIAGED', title: 'CVE-1 - a' },
      { severity: 'HIGH', title: 'CVE-2 - b' },
    ],
  };
  aws = await startAwsDouble(() => ({ body: { imageScanStatus: { status: 'ACTIVE' }, imageScanFindings } }));
  const found = await scanSummary(aws.clients, image, TIMES);
  expect(found).toMatchObject({
    counts: { UNDEFINED: 1, HIGH: 2 },
    findings: [
      { id: 'CVE-2', severity: 'HIGH', line: 'HIGH CVE-2 - b' },
      { id: 'CVE-1', severity: 'UNDEFINED', line: 'UNTRIAGED CVE-1 - a' },
    ],
  });
});

test('reports at once an image that ECR cannot scan', async () => {
  aws = await startAwsDouble(({ action }) => ({
    status: 400,
    body: { __type: action === 'StartImageScan' ? 'UnsupportedImageTypeException' : 'ScanNotFoundException' },
  }));
  expect(await scanSummary(aws.clients, image, TIMES)).toMatchObject({
    status: 'UNSUPPORTED_IMAGE',
    isScanned: false,
  });
});

test("a denial is an error in AWS's words", async () => {
  const body = { __type: 'AccessDeniedException', message: 'not authorized to perform: ecr:DescribeImageScanFindings' };
  aws = await startAwsDouble(() => ({ status: 400, body }));
  await expect(scanSummary(aws.clients, image, TIMES)).rejects.toThrow('ecr:DescribeImageScanFindings');
});

const found: ScanSummary = {
  repository: 'sentiment',
  digest: 'sha256:abc',
  status: 'COMPLETE',
  isScanned: true,
  counts: { HIGH: 1, LOW: 4 },
  findings: [
    { id: 'CVE-2026-1', severity: 'HIGH', line: 'HIGH CVE-2026-1 openssl 3.0' },
    { id: 'CVE-2026-2', severity: 'LOW', line: 'LOW CVE-2026-2 tar 1.34' },
  ],
  text: 'scan COMPLETE: 1 HIGH, 4 LOW',
};

test('less severe findings pass', () => {
  expect(() => scanGate(found, 'CRITICAL')).not.toThrow();
});

test('findings of the limit or worse stop the release, and only they are shown', () => {
  expect(() => scanGate(found, 'HIGH')).toThrow(/1 findings of severity HIGH or worse \(SCAN_REFUSED\)/);
  expect(() => scanGate(found, 'MEDIUM')).toThrow('1 findings');
  expect(() => scanGate(found, 'LOW')).toThrow('5 findings');
  expect(() => scanGate(found, 'HIGH')).not.toThrow('CVE-2026-2');
});

test('an ignored finding passes with its reason until its day, and then counts again and is told', () => {
  const ignored = [{ id: 'CVE-2026-1', reason: 'the library is not loaded', until: '2026-12-31' }];
  const during = new Date('2026-12-31T23:00:00Z');
  expect(scanGate(found, 'HIGH', ignored, during)).toEqual([
    'ignored until 2026-12-31: CVE-2026-1, because the library is not loaded',
  ]);
  const after = new Date('2027-01-01T00:00:00Z');
  expect(() => scanGate(found, 'HIGH', ignored, after)).toThrow(
    /1 findings of severity HIGH[\s\S]*CVE-2026-1 was ignored until 2026-12-31, and counts again/,
  );
  expect(() => scanGate(found, 'LOW', ignored, during)).toThrow('4 findings');
});

test('entries of the ignore file need an id, a reason and a day', () => {
  const entry = { id: 'CVE-1', reason: 'not reachable', until: '2027-01-31' };
  expect(parseIgnored('- id: CVE-1\n  reason: not reachable\n  until: 2027-01-31\n', 'f')).toEqual([entry]);
  expect(parseIgnored('# nothing\n', 'f')).toEqual([]);
  expect(() => parseIgnored('- id: CVE-1\n  until: 2027-01-31', 'f')).toThrow('f: CVE-1 has no reason (SCAN_IGNORE)');
  expect(() => parseIgnored('- id: CVE-1\n  reason: x\n  until: soon', 'f')).toThrow('"until: soon"');
  expect(() => parseIgnored('- reason: x', 'f')).toThrow('f: entry 1 has no id');
});

test('all pages of the findings are read', async () => {
  const page = (name: string, nextToken?: string) => ({
    body: {
      imageScanStatus: { status: 'COMPLETE' },
      imageScanFindings: { findingSeverityCounts: { HIGH: 2 }, findings: [{ name, severity: 'HIGH' }] },
      nextToken,
    },
  });
  const pages = [page('CVE-1', 'more'), page('CVE-2')];
  aws = await startAwsDouble(() => pages.shift()!);
  const { findings } = await scanSummary(aws.clients, image, TIMES);
  expect(findings.map(({ id }) => id)).toEqual(['CVE-1', 'CVE-2']);
});

test('an unfinished scan does not pass', () => {
  const pending = {
    ...found,
    status: 'IN_PROGRESS',
    isScanned: false,
    counts: {},
    text: 'scan IN_PROGRESS: no result',
  };
  expect(() => scanGate(pending, 'CRITICAL')).toThrow(
    'has no finished scan (IN_PROGRESS), so the CRITICAL limit cannot be checked',
  );
});

test('reads a severity in any letter case', () => {
  expect(parseSeverity('high')).toBe('HIGH');
  expect(() => parseSeverity('bad')).toThrow('--stop-at is "bad", expected one of CRITICAL, HIGH');
});
