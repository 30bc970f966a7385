/** Puts what a run of tests/diagnosis.test.ts saw into docs/deploy.md, between its marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Verdict } from '../../ci/src/diagnosis/finding.ts';

export type Seen = {
  title: string;
  verdict: Pick<Verdict, 'cause' | 'headline' | 'runbook'>;
  /** What the product prints at the end. */
  text: string;
  /** Missing for what was refused before the start. */
  seconds?: { toVerdict: number; back: number };
  /** Lines of the deployment's progress, with the seconds since it began. */
  progress: string[];
};

const marks = ['<!-- scenarios: written by tests/diagnosis.test.ts -->', '<!-- end of scenarios -->'] as const;
/** Those whose whole text is shown, by the start of their titles. */
const shown = [
  'an account that is not ours',
  'a service that is never ready',
  'a crash',
  'too little memory',
  'more CPU than any node has',
  'a node that dies before it starts the pod',
  'a webhook that cannot be reached',
  'more than the quota allows',
  'a ConfigMap that is not there',
  'a repository that ECR does not hold',
];

/** Throws where the file lacks the marks. */
export function writeReport(path: string, all: Seen[]): void {
  const text = readFileSync(path, 'utf8');
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  if (start < 0 || end < start) throw new Error(`${path} has no "${marks[0]}" and "${marks[1]}"`);
  const before = text.slice(0, start + marks[0].length);
  writeFileSync(path, `${before}\n\n${table(all)}\n\n${transcripts(all)}\n\n${text.slice(end)}`);
}

function table(all: Seen[]): string {
  const head = ['| provoked by | verdict | its sentence | told after | state after |', '|---|---|---|---|---|'];
  const [during, before] = [true, false].map((isDuring) => all.filter(({ seconds }) => Boolean(seconds) === isDuring));
  const rows = [...during, ...before].map(({ title, verdict, seconds }) => {
    const told = seconds ? `${seconds.toVerdict.toFixed(1)} s` : 'before the start';
    const state = seconds ? `back on the revision before, ${seconds.back.toFixed(1)} s later` : 'nothing changed';
    const page = `[${verdict.cause}](${verdict.runbook.replace('docs/', '')})`;
    return `| ${title} | ${page} | ${cell(verdict.headline)} | ${told} | ${state} |`;
  });
  return [...head, ...rows].join('\n');
}

/** A digest in a table is recognised by its first digits. */
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
