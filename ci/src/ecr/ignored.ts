/**
 * Findings of a scan that do not apply here, kept in the repository (scan-ignore.yaml), each with its reason and the day until
 * which that holds. An expired one counts again, and is told.
 */
import { parse } from 'yaml';
import { PipelineError } from '../errors.ts';

export type Ignored = {
  /** `CVE-2026-1234`, as ECR names it. */
  id: string;
  reason: string;
  /** The last day, YYYY-MM-DD. */
  until: string;
};

/** Throws SCAN_IGNORE. */
export function parseIgnored(text: string, source: string): Ignored[] {
  const value: unknown = parse(text) ?? [];
  if (!Array.isArray(value)) throw wrong(`${source} is not a list`);
  return value.map((row: unknown, index) => {
    const { id, reason, until } = Object(row) as Partial<Record<keyof Ignored, unknown>>;
    const at = typeof id === 'string' ? id : `entry ${index + 1}`;
    // YAML reads a date without quotes as a date only in its older version.
    const day = until instanceof Date ? until.toISOString().slice(0, 10) : String(until ?? '');
    if (typeof id !== 'string' || id === '') throw wrong(`${source}: ${at} has no id`);
    if (typeof reason !== 'string' || reason.trim() === '') throw wrong(`${source}: ${at} has no reason`);
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)))
      throw wrong(`${source}: ${at} has "until: ${day}", expected a day such as 2027-01-31`);
    return { id, reason, until: day };
  });
}

export function isExpired({ until }: Ignored, now: Date): boolean {
  return until < now.toISOString().slice(0, 10);
}

function wrong(headline: string): PipelineError {
  const next = 'write a list of entries, each with id, reason and until (YYYY-MM-DD)';
  return new PipelineError('SCAN_IGNORE', headline, { next });
}
