import { expect, test } from 'vitest';
import { auditGate, parseAudit } from './audit.ts';

const advisory = (id: string, severity: string, name: string) => ({
  url: `https://github.com/advisories/${id}`,
  severity,
  name,
  title: `a weakness of ${name}`,
});
/** As `npm audit --json` writes it (version 2): a package that only depends on a weak one names that. */
const report = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: {
    koa: { severity: 'critical', via: ['cookies'] },
    cookies: { severity: 'critical', via: [advisory('GHSA-aaaa-bbbb-cccc', 'critical', 'cookies')] },
    vega: { severity: 'low', via: [advisory('GHSA-dddd-eeee-ffff', 'low', 'vega')] },
  },
});
const day = new Date('2026-12-01');
const entry = { id: 'GHSA-aaaa-bbbb-cccc', reason: 'we set no cookies', until: '2026-12-31' };

test('each advisory counts once, the worst first', () => {
  expect(parseAudit(report).map(({ id }) => id)).toEqual(['GHSA-aaaa-bbbb-cccc', 'GHSA-dddd-eeee-ffff']);
});

test('a serious one stops, unless the list has it with a reason and a day that is not past', () => {
  const found = parseAudit(report);
  expect(() => auditGate(found, [], day)).toThrow(
    /^1 weaknesses of severity high or worse \(AUDIT_REFUSED\)\n {2}\| critical GHSA-aaaa-bbbb-cccc cookies/,
  );
  expect(auditGate(found, [entry], day)).toEqual([
    'ignored until 2026-12-31: GHSA-aaaa-bbbb-cccc, because we set no cookies',
    'low GHSA-dddd-eeee-ffff vega: a weakness of vega',
    'audit: no weakness of severity high or worse',
  ]);
  expect(() => auditGate(found, [{ ...entry, until: '2026-11-30' }], day)).toThrow('AUDIT_REFUSED');
});

test.each([
  ['{"message":"405 Method Not Allowed"}', '405 Method Not Allowed'],
  ['', 'nothing'],
  ['<html>', '<html>'],
])('no report is not a clean one: %s', (text, words) => {
  expect(() => parseAudit(text)).toThrow(expect.objectContaining({ code: 'AUDIT', evidence: [words] }));
});
