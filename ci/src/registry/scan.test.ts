import { expect, test } from 'vitest';
import { parseSeverity, type ScanSummary, scanGate } from './scan.ts';

const found: ScanSummary = {
  repository: 'sentiment',
  digest: 'sha256:abc',
  status: 'COMPLETE',
  isScanned: true,
  counts: { HIGH: 1, LOW: 4 },
  worst: ['HIGH CVE-2026-1 openssl 3.0', 'LOW CVE-2026-2 tar 1.34'],
  text: 'scan COMPLETE: 1 HIGH, 4 LOW',
};

test('what is less severe lets a release pass', () => {
  expect(() => scanGate(found, 'CRITICAL')).not.toThrow();
});

test('what is as severe or worse stops it, and is shown alone', () => {
  expect(() => scanGate(found, 'HIGH')).toThrow(/1 findings of severity HIGH or worse \(SCAN_REFUSED\)/);
  expect(() => scanGate(found, 'MEDIUM')).toThrow('1 findings');
  expect(() => scanGate(found, 'LOW')).toThrow('5 findings');
  expect(() => scanGate(found, 'HIGH')).not.toThrow('CVE-2026-2');
});

test('a scan that has not ended is no pass', () => {
  const pending = {
    ...found,
    status: 'IN_PROGRESS',
    isScanned: false,
    counts: {},
    text: 'scan IN_PROGRESS: no result',
  };
  expect(() => scanGate(pending, 'CRITICAL')).toThrow('is not scanned (IN_PROGRESS)');
});

test('a severity in any case, or none', () => {
  expect(parseSeverity('high')).toBe('HIGH');
  expect(() => parseSeverity('bad')).toThrow('the severity is "bad", expected one of CRITICAL, HIGH');
});
