/**
 * The generated parts of docs/deploy.md, between their marks: the table of causes, whose patience comes from
 * ci/src/diagnosis/causes.ts and whose last column from a run of tests/diagnosis.test.ts, and transcripts of that run. After a
 * change of causes.ts:
 *
 *     node tests/support/diagnosis_report.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { causeNames, causes, runbookPage } from '../../ci/src/diagnosis/causes.ts';
import type { Verdict } from '../../ci/src/diagnosis/finding.ts';
import { markdownTable } from './markdown_table.ts';

const root = resolve(import.meta.dirname, '../..');

export type Seen = {
  title: string;
  verdict: Pick<Verdict, 'cause' | 'headline' | 'runbook'>;
  /** What the product prints at the end. */
  text: string;
  /** Missing for a release that was refused before the start. */
  seconds?: { toVerdict: number; back: number };
  /** Lines of the deployment's progress, with the seconds since it began. */
  progress: string[];
};

const tableMarks = ['<!-- causes: written by tests/support/diagnosis_report.ts -->', '<!-- end of causes -->'] as const;
const transcriptMarks = [
  '<!-- transcripts: written by tests/diagnosis.test.ts -->',
  '<!-- end of transcripts -->',
] as const;
/** The scenarios with a transcript, by title. */
const shown = [
  'another account in the image name',
  'a service that is never ready',
  "a Service with another port than the pods'",
  'a node that dies before it starts the pod',
  'a missing ConfigMap',
  'a repository that ECR does not have',
];

/** Throws if the file lacks the marks. */
export function writeReport(path: string, all: Seen[]): void {
  const provoked = new Map(causeNames.map((cause) => [cause as string, provokedBy(cause, all)]));
  const seen = [...provoked].filter(([, words]) => words !== '');
  writeFileSync(path, withTable(path, new Map([...lastColumn(path), ...seen])));
  writeFileSync(path, replaced(path, transcriptMarks, transcripts(all)));
}

/** The page with the patience that causes.ts has; what was provoked stays. */
export function withPatience(path: string): string {
  return withTable(path, lastColumn(path));
}

function withTable(path: string, provoked: Map<string, string>): string {
  const rows = causeNames.map((cause) => {
    const { patience, note = '' } = causes[cause];
    const [title] = readFileSync(join(root, runbookPage(cause)), 'utf8').split('\n');
    const [attempts, seconds] =
      patience === 'cannot heal' || cause === 'deadline' ? ['-', '-'] : [patience.attempts, patience.seconds];
    const exception = patience === 'cannot heal' ? 'at first sight' : note;
    const means = title.replace(/^# /, '');
    const link = `[${cause}](runbook/${cause}.md)`;
    return [link, means, `${attempts}`, `${seconds}`, exception, provoked.get(cause) ?? ''];
  });
  const head = [
    'cause',
    'what it means',
    'attempts',
    'seconds',
    'exception',
    'provoked by, and seconds to the verdict',
  ];
  return replaced(path, tableMarks, markdownTable(head, rows));
}

/** By cause, as the page has it. */
function lastColumn(path: string): Map<string, string> {
  const [, table = ''] = readFileSync(path, 'utf8').split(tableMarks[0]);
  const rows = table.split(tableMarks[1])[0].matchAll(/^\| \[([a-z-]+)\].*\| ([^|]*?) +\|$/gm);
  return new Map([...rows].map(([, cause, words]) => [cause, words.trim()]));
}

/** `a crash 21 s; ...` */
function provokedBy(cause: string, all: Seen[]): string {
  const own = all.filter(({ verdict }) => verdict.cause === cause);
  return own
    .map(({ title, seconds }) => `${title} ${seconds ? `${seconds.toVerdict.toFixed(0)} s` : '(before the start)'}`)
    .join('; ');
}

function replaced(path: string, [first, last]: readonly [string, string], content: string): string {
  const text = readFileSync(path, 'utf8');
  const [start, end] = [text.indexOf(first), text.indexOf(last)];
  if (start < 0 || end < start) throw new Error(`${path} has no "${first}" and "${last}"`);
  return `${text.slice(0, start + first.length)}\n\n${content}\n\n${text.slice(end)}`;
}

function transcripts(all: Seen[]): string {
  const chosen = shown.flatMap((title) => all.filter((seen) => seen.title === title));
  return chosen
    .map(({ title, text, progress }) => {
      const lines = [...progress, text];
      return `### ${title[0].toUpperCase()}${title.slice(1)}\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\``;
    })
    .join('\n\n');
}

if (import.meta.main) {
  const path = join(root, 'docs/deploy.md');
  writeFileSync(path, withPatience(path));
}
