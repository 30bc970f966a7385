/**
 * The generated parts of docs/deploy.md, between their marks: the table of patience from ci/src/diagnosis/causes.ts, and the
 * table and transcripts of a run of tests/diagnosis.test.ts. After a change of causes.ts:
 *
 *     node tests/support/diagnosis_report.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { causeNames, causes, runbookPage } from '../../ci/src/diagnosis/causes.ts';
import type { Verdict } from '../../ci/src/diagnosis/finding.ts';

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

const scenarioMarks = ['<!-- scenarios: written by tests/diagnosis.test.ts -->', '<!-- end of scenarios -->'] as const;
const patienceMarks = [
  '<!-- patience: written by tests/support/diagnosis_report.ts -->',
  '<!-- end of patience -->',
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
  writeFileSync(path, replaced(path, scenarioMarks, `${table(all)}\n\n${transcripts(all)}`));
}

/** The page with the table of patience as causes.ts has it. */
export function withPatience(path: string): string {
  const rows = causeNames.map((cause) => {
    const { patience, note = '' } = causes[cause];
    const [title] = readFileSync(join(root, runbookPage(cause)), 'utf8').split('\n');
    const [attempts, seconds] =
      patience === 'cannot heal' || cause === 'deadline' ? ['-', '-'] : [patience.attempts, patience.seconds];
    const exception = patience === 'cannot heal' ? 'at first sight' : note;
    return `| [${cause}](runbook/${cause}.md) | ${title.replace(/^# /, '')} | ${attempts} | ${seconds} | ${exception} |`;
  });
  const head = ['| cause | what it means | attempts | seconds | exception |', '|---|---|---|---|---|'];
  return replaced(path, patienceMarks, [...head, ...rows].join('\n'));
}

function replaced(path: string, [first, last]: readonly [string, string], content: string): string {
  const text = readFileSync(path, 'utf8');
  const [start, end] = [text.indexOf(first), text.indexOf(last)];
  if (start < 0 || end < start) throw new Error(`${path} has no "${first}" and "${last}"`);
  return `${text.slice(0, start + first.length)}\n\n${content}\n\n${text.slice(end)}`;
}

function table(all: Seen[]): string {
  const head = ['| provoked by | cause | headline | verdict after | then |', '|---|---|---|---|---|'];
  const [during, before] = [true, false].map((isDuring) => all.filter(({ seconds }) => Boolean(seconds) === isDuring));
  const rows = [...during, ...before].map(({ title, verdict, seconds }) => {
    const after = seconds ? `${seconds.toVerdict.toFixed(1)} s` : 'before the start';
    const then = seconds ? `rolled back ${seconds.back.toFixed(1)} s later` : 'nothing changed';
    const page = `[${verdict.cause}](${verdict.runbook.replace('docs/', '')})`;
    return `| ${title} | ${page} | ${cell(verdict.headline)} | ${after} | ${then} |`;
  });
  return [...head, ...rows].join('\n');
}

/** Digests are shortened. */
function cell(headline: string): string {
  return headline
    .replace(/(sha256:[0-9a-f]{8})[0-9a-f]{56}/g, '$1...')
    .replaceAll('|', '\\|')
    .replace(/^Deployment (\S+)/, 'Deployment ...');
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
