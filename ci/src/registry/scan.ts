/**
 * What ECR's scan found in an image, and whether that stops a release.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeImageScanFindingsCommand,
  type DescribeImageScanFindingsResponse,
  StartImageScanCommand,
} from '#aws/client-ecr';
import { PipelineError } from '../errors.ts';
import type { AwsClients } from '../world/aws_clients.ts';
import { awsError, errorName } from '../world/aws_problem.ts';

/** Worst first. */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;
export type Severity = (typeof severities)[number];

export type ScanSummary = {
  repository: string;
  digest: string;
  /** ECR's status: COMPLETE, or ACTIVE with enhanced scanning, are the ones with findings. */
  status: string;
  isScanned: boolean;
  /** How many of each; zero is left out. */
  counts: Partial<Record<Severity, number>>;
  /** The worst first: `CRITICAL CVE-2024-0001 openssl 3.0.1`. At most 20. */
  worst: string[];
  /** One line for a report. */
  text: string;
};

export type ScanPatience = {
  /** Milliseconds to wait for the scan's end. */
  deadline?: number;
  /** Milliseconds between two looks. */
  interval?: number;
};

const SCANNED = new Set(['COMPLETE', 'ACTIVE']);
const UNDER_WAY = new Set(['IN_PROGRESS', 'PENDING', 'NONE']);
const SHOWN = 20;

/** Waits for the scan; what has not ended at the deadline has its status in the answer. Throws as awsError. */
export async function scanSummary(
  clients: AwsClients,
  image: { repository: string; digest: string },
  { deadline = 120_000, interval = 3_000 }: ScanPatience = {},
): Promise<ScanSummary> {
  const end = Date.now() + deadline;
  let isStarted = false;
  for (;;) {
    const answer = await look(clients, image);
    const status = answer?.imageScanStatus?.status ?? 'NONE';
    if (!UNDER_WAY.has(status)) return summary(image, status, answer);
    // A push starts the scan of a repository that scans on push; other repositories want to be asked.
    if (answer === undefined && !isStarted) {
      isStarted = true;
      if (await start(clients, image)) continue;
      return summary(image, 'UNSUPPORTED_IMAGE', answer);
    }
    if (Date.now() + interval > end) return summary(image, status, answer);
    await sleep(interval);
  }
}

/** Throws SCAN_REFUSED when something of this severity or worse was found, or when nothing is known. */
export function scanGate(found: ScanSummary, severity: Severity): void {
  const subject = `${found.repository}@${found.digest}`;
  if (!found.isScanned) {
    throw new PipelineError(
      'SCAN_REFUSED',
      `${subject} is not scanned (${found.status}), and ${severity} is to stop it`,
      {
        evidence: [found.text],
        next: 'release again when the scan has ended; if ECR cannot scan this image, release without a severity',
      },
    );
  }
  const stopping = severities.slice(0, severities.indexOf(severity) + 1);
  const count = stopping.reduce((sum, name) => sum + (found.counts[name] ?? 0), 0);
  if (count === 0) return;
  throw new PipelineError('SCAN_REFUSED', `${subject} has ${count} findings of severity ${severity} or worse`, {
    evidence: [found.text, ...found.worst.filter((line) => stopping.some((name) => line.startsWith(`${name} `)))],
    next: 'build on a newer base image, or release with a higher severity once you know that they do not apply',
  });
}

/** Throws SCAN_SEVERITY. */
export function parseSeverity(text: string): Severity {
  const found = severities.find((severity) => severity === text.toUpperCase());
  if (found) return found;
  throw new PipelineError('SCAN_SEVERITY', `the severity is "${text}", expected one of ${severities.join(', ')}`);
}

async function look(
  { ecr }: AwsClients,
  { repository, digest }: { repository: string; digest: string },
): Promise<DescribeImageScanFindingsResponse | undefined> {
  try {
    const imageId = { imageDigest: digest };
    return await ecr.send(new DescribeImageScanFindingsCommand({ repositoryName: repository, imageId }));
  } catch (error) {
    if (errorName(error) === 'ScanNotFoundException') return undefined;
    throw awsError(`ECR does not say what it found in ${repository}@${digest}`, error);
  }
}

/** False when ECR cannot scan such an image. Others are refused when they are scanned anyway: today already, or always. */
async function start({ ecr }: AwsClients, { repository, digest }: { repository: string; digest: string }) {
  try {
    await ecr.send(new StartImageScanCommand({ repositoryName: repository, imageId: { imageDigest: digest } }));
    return true;
  } catch (error) {
    const name = errorName(error);
    if (name === 'UnsupportedImageTypeException') return false;
    if (name === 'LimitExceededException' || name === 'ValidationException') return true;
    throw awsError(`ECR does not scan ${repository}@${digest}`, error);
  }
}

function summary(
  image: { repository: string; digest: string },
  status: string,
  answer: DescribeImageScanFindingsResponse | undefined,
): ScanSummary {
  const counts: Partial<Record<Severity, number>> = {};
  for (const [name, count] of Object.entries(answer?.imageScanFindings?.findingSeverityCounts ?? {})) {
    // Enhanced scanning's UNTRIAGED is the same as UNDEFINED.
    const severity = severities.find((known) => known === name) ?? 'UNDEFINED';
    if (count) counts[severity] = (counts[severity] ?? 0) + count;
  }
  const isScanned = SCANNED.has(status);
  const listed = severities.filter((severity) => counts[severity]).map((severity) => `${counts[severity]} ${severity}`);
  const said = isScanned ? listed.join(', ') || 'nothing found' : (answer?.imageScanStatus?.description ?? 'no result');
  return { ...image, status, isScanned, counts, worst: worstFindings(answer), text: `scan ${status}: ${said}` };
}

function worstFindings(answer: DescribeImageScanFindingsResponse | undefined): string[] {
  const { findings = [], enhancedFindings = [] } = answer?.imageScanFindings ?? {};
  const basic = findings.map(({ severity = 'UNDEFINED', name = '', attributes = [] }) => {
    const value = (key: string) => attributes.find((attribute) => attribute.key === key)?.value ?? '';
    return { severity: String(severity), line: `${name} ${value('package_name')} ${value('package_version')}` };
  });
  const enhanced = enhancedFindings.map(({ severity = 'UNDEFINED', title = '' }) => ({ severity, line: title }));
  const names: readonly string[] = severities;
  const rank = (severity: string) => {
    const index = names.indexOf(severity);
    return index < 0 ? names.length : index;
  };
  return [...basic, ...enhanced]
    .sort((a, b) => rank(a.severity) - rank(b.severity))
    .slice(0, SHOWN)
    .map(({ severity, line }) => `${severity} ${line}`.trim());
}
