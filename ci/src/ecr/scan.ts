/**
 * What ECR's scan found in an image, and whether it stops the release.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsResponse,
  StartImageScanCommand,
} from '#aws/client-ecr';
import type { AwsClients } from '../aws/clients.ts';
import { awsError, errorName } from '../aws/errors.ts';
import { PipelineError } from '../errors.ts';
import { type Ignored, isExpired } from './ignored.ts';

/** Worst first. */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;
export type Severity = (typeof severities)[number];

export type ScanSummary = {
  repository: string;
  digest: string;
  /** ECR's status. There are findings at COMPLETE and, with enhanced scanning, at ACTIVE. */
  status: string;
  isScanned: boolean;
  /** Number of findings per severity, without zeros. */
  counts: Partial<Record<Severity, number>>;
  /** Worst first. */
  findings: ScanFinding[];
  /** One line for a report. */
  text: string;
};

export type ScanFinding = {
  severity: Severity;
  /** `CVE-2024-0001`. */
  id: string;
  /** `CRITICAL CVE-2024-0001 openssl 3.0.1`. */
  line: string;
};

export type ScanTimes = {
  /** Milliseconds to wait for the scan to end. */
  deadline?: number;
  /** Milliseconds between two requests. */
  interval?: number;
};

const SCANNED = new Set(['COMPLETE', 'ACTIVE']);
const UNDER_WAY = new Set(['IN_PROGRESS', 'PENDING', 'NONE']);
const SHOWN = 20;

/** Waits for the scan to end. At the deadline it returns the status so far. Throws as awsError. */
export async function scanSummary(
  clients: AwsClients,
  image: { repository: string; digest: string },
  { deadline = 120_000, interval = 3_000 }: ScanTimes = {},
): Promise<ScanSummary> {
  const end = Date.now() + deadline;
  let isStarted = false;
  for (;;) {
    const answer = await look(clients, image);
    const status = answer?.imageScanStatus?.status ?? 'NONE';
    if (!UNDER_WAY.has(status)) return summary(image, status, answer);
    // A push starts the scan if the repository scans on push; otherwise it has to be started.
    if (answer === undefined && !isStarted) {
      isStarted = true;
      if (await start(clients, image)) continue;
      return summary(image, 'UNSUPPORTED_IMAGE', answer);
    }
    if (Date.now() + interval > end) return summary(image, status, answer);
    await sleep(interval);
  }
}

/**
 * Throws SCAN_REFUSED when the scan found this severity or worse, without what is ignored, or has not finished. Returns lines
 * for the report: what was ignored and why, and which entries have expired or match nothing.
 */
export function scanGate(found: ScanSummary, severity: Severity, ignored: Ignored[] = [], now = new Date()): string[] {
  const subject = `${found.repository}@${found.digest}`;
  if (!found.isScanned) {
    throw new PipelineError(
      'SCAN_REFUSED',
      `${subject} has no finished scan (${found.status}), so the ${severity} limit cannot be checked`,
      {
        evidence: [found.text],
        next: 'release again when the scan has finished; if ECR cannot scan this image, release without --stop-at',
      },
    );
  }
  const valid = ignored.filter((entry) => !isExpired(entry, now));
  const isIgnored = ({ id }: ScanFinding) => valid.some((entry) => entry.id === id);
  const stopping = severities.slice(0, severities.indexOf(severity) + 1);
  const listed = found.findings.filter((finding) => stopping.includes(finding.severity));
  const passed = listed.filter(isIgnored);
  const counted = stopping.reduce((sum, name) => sum + (found.counts[name] ?? 0), 0);
  const count = counted - passed.length;
  const expired = ignored
    .filter((entry) => isExpired(entry, now) && found.findings.some(({ id }) => id === entry.id))
    .map(({ id, until }) => `${id} was ignored until ${until}, and counts again`);
  const notes = [
    ...passed.map(({ id }) => valid.find((entry) => entry.id === id)).filter((entry) => entry !== undefined),
  ].map(({ id, reason, until }) => `ignored until ${until}: ${id}, because ${reason}`);
  if (count <= 0) return [...notes, ...expired];
  const worst = listed.filter((finding) => !isIgnored(finding)).map(({ line }) => line);
  throw new PipelineError('SCAN_REFUSED', `${subject} has ${count} findings of severity ${severity} or worse`, {
    evidence: [found.text, ...worst.slice(0, SHOWN), ...expired],
    next: 'use a newer base image; or, for a finding that does not apply, add its id, the reason and a day to scan-ignore.yaml',
  });
}

/** Throws SCAN_SEVERITY. */
export function parseSeverity(text: string): Severity {
  const found = severities.find((severity) => severity === text.toUpperCase());
  if (found) return found;
  throw new PipelineError('SCAN_SEVERITY', `--stop-at is "${text}", expected one of ${severities.join(', ')}`);
}

async function look(
  { ecr }: AwsClients,
  { repository, digest }: { repository: string; digest: string },
): Promise<DescribeImageScanFindingsResponse | undefined> {
  try {
    const imageId = { imageDigest: digest };
    const ask = (nextToken?: string) =>
      ecr.send(new DescribeImageScanFindingsCommand({ repositoryName: repository, imageId, nextToken }));
    const first = await ask();
    const { findings = [], enhancedFindings = [] } = first.imageScanFindings ?? {};
    for (let { nextToken } = first; nextToken; ) {
      const more = await ask(nextToken);
      findings.push(...(more.imageScanFindings?.findings ?? []));
      enhancedFindings.push(...(more.imageScanFindings?.enhancedFindings ?? []));
      nextToken = more.nextToken;
    }
    return { ...first, imageScanFindings: { ...first.imageScanFindings, findings, enhancedFindings } };
  } catch (error) {
    if (errorName(error) === 'ScanNotFoundException') return undefined;
    throw awsError(`ECR did not return the findings of ${repository}@${digest}`, error);
  }
}

/** False when ECR cannot scan this image. A refusal of any other kind means that it scans it anyway, or did so today. */
async function start({ ecr }: AwsClients, { repository, digest }: { repository: string; digest: string }) {
  try {
    await ecr.send(new StartImageScanCommand({ repositoryName: repository, imageId: { imageDigest: digest } }));
    return true;
  } catch (error) {
    const name = errorName(error);
    if (name === 'UnsupportedImageTypeException') return false;
    if (name === 'LimitExceededException' || name === 'ValidationException') return true;
    throw awsError(`ECR did not start the scan of ${repository}@${digest}`, error);
  }
}

function summary(
  image: { repository: string; digest: string },
  status: string,
  answer: DescribeImageScanFindingsResponse | undefined,
): ScanSummary {
  const counts: Partial<Record<Severity, number>> = {};
  for (const [name, count] of Object.entries(answer?.imageScanFindings?.findingSeverityCounts ?? {})) {
    // UNTRIAGED of enhanced scanning means UNDEFINED.
    const severity = severities.find((known) => known === name) ?? 'UNDEFINED';
    if (count) counts[severity] = (counts[severity] ?? 0) + count;
  }
  const isScanned = SCANNED.has(status);
  const listed = severities.filter((severity) => counts[severity]).map((severity) => `${counts[severity]} ${severity}`);
  const said = isScanned ? listed.join(', ') || 'no findings' : (answer?.imageScanStatus?.description ?? 'no result');
  return { ...image, status, isScanned, counts, findings: findingsIn(answer), text: `scan ${status}: ${said}` };
}

function findingsIn(answer: DescribeImageScanFindingsResponse | undefined): ScanFinding[] {
  const { findings = [], enhancedFindings = [] } = answer?.imageScanFindings ?? {};
  const basic = findings.map(({ severity = 'UNDEFINED', name = '', attributes = [] }) => {
    const value = (key: string) => attributes.find((attribute) => attribute.key === key)?.value ?? '';
    return {
      severity: String(severity),
      id: name,
      line: `${name} ${value('package_name')} ${value('package_version')}`,
    };
  });
  const enhanced = enhancedFindings.map(
    ({ severity = 'UNDEFINED', title = '', packageVulnerabilityDetails: details }) => ({
      severity,
      id: details?.vulnerabilityId ?? title.split(' ')[0],
      line: title,
    }),
  );
  return [...basic, ...enhanced]
    .map(({ severity, id, line }) => {
      // UNTRIAGED of enhanced scanning means UNDEFINED.
      const known = severities.find((each) => each === severity) ?? 'UNDEFINED';
      return { severity: known, id, line: `${severity} ${line}`.trim() };
    })
    .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}
