/**
 * docs/trust.md: a row for each attempt to break the system, with what was measured, whether that holds what is promised, and
 * when. Tests of `make trust` call `reportTrust` before they expect anything, so that the page also tells of what fails.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeText } from '../../ml/files.ts';
import { markdownTable } from './markdown_table.ts';

const PAGE = join(resolve(import.meta.dirname, '../..'), 'docs/trust.md');

/** The headings of the page, in its order. */
const SECTIONS = [
  'Requests',
  'Load',
  'Memory',
  'Artifacts',
  'Kills and full disks',
  'Rollouts',
  'Secrets',
  'Supply chain',
  'Rights',
] as const;
export type TrustSection = (typeof SECTIONS)[number];

/** `attempt` names the row: a later run replaces it. `figure` is what was measured, with its limit where there is one. */
export type TrustRow = { attempt: string; figure: string; holds: boolean };

/** Writes the row to docs/trust.md in `make trust`, and does nothing in `make test`. Two lanes write the page, each in a millisecond. */
export function reportTrust(section: TrustSection, row: TrustRow): void {
  if (!process.env.TRUST) return;
  writeText(PAGE, withRow(readFileSync(PAGE, 'utf8'), section, row, new Date()));
}

/** The page with this row, new or in place of the one of the same attempt. */
export function withRow(page: string, section: TrustSection, { attempt, figure, holds }: TrustRow, now: Date): string {
  const [intro, ...parts] = page.split(/^## /m);
  const rowsOf = new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), readRows(part)]));
  const rows = rowsOf.get(section) ?? [];
  rowsOf.set(section, rows);
  const cells = [attempt, figure, holds ? 'holds' : '**missed**', now.toISOString().slice(0, 10)].map(asCell);
  const at = rows.findIndex(([name]) => name === cells[0]);
  rows.splice(at < 0 ? rows.length : at, at < 0 ? 0 : 1, cells);
  const tables = SECTIONS.flatMap((name) => {
    const own = rowsOf.get(name);
    return own ? [`## ${name}\n\n${markdownTable(HEAD, own)}`] : [];
  });
  return [intro.trimEnd(), ...tables].join('\n\n').concat('\n');
}

const HEAD = ['attempt', 'figure', 'outcome', 'date'];

function readRows(part: string): string[][] {
  const lines = part.split('\n').filter((line) => line.startsWith('|'));
  // Not the head and the line below it. A vertical bar within a cell is escaped.
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

function asCell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}
