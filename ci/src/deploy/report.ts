/** How a deployment ended: as text for a person, as JSON and an exit code for a program. */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Baked } from '../bake/bake.ts';
import { flipWords } from '../bake/sample.ts';
import type { Verdict } from '../diagnosis/finding.ts';
import { PipelineError } from '../errors.ts';
import type { Despite } from './settings.ts';
import type { Shadow } from './shadow.ts';

type Facts = {
  namespace: string;
  name: string;
  /** The image that was to be deployed. */
  image: string;
  /** From the call to the end of the deployment. */
  seconds: number;
  /** The refusals that were passed, and why. */
  despite?: Despite;
  /** How the answers to the sample differ from those of the revision before. */
  shadow?: Shadow;
};

/** The revision that serves after a rollback. */
export type Returned = {
  replicaSet: string;
  image: string;
  provedAt: string;
  seconds: number;
  /** What the Services answered, or why they were not asked. */
  answers: string[];
  /** Objects that are not as they were before, each with the reason. */
  left: string[];
};

/** How a rollout that was begun and followed to its end came out. */
export type RolloutResult =
  | { state: 'deployed'; replicaSet: string; changed: string[]; answers: string[]; baked?: Baked }
  /** Applied, and nothing shows that it can run: it is not on record as good. */
  | { state: 'not proved'; replicaSet: string; changed: string[]; why: string }
  | { state: 'unchanged'; replicaSet: string }
  /** The rollout failed, and only the last good revision serves again. */
  | { state: 'rolled back'; verdict: Verdict; secondsToVerdict: number; returned: Returned }
  /** The rollout failed, and so did the rollback or there was none: `why` says which. */
  | { state: 'failed'; verdict: Verdict; secondsToVerdict: number; why: string; secondVerdict?: Verdict };

export type Outcome = Facts &
  (
    | RolloutResult
    /** Nothing was changed. */
    | { state: 'refused'; error: PipelineError }
    /** Stopped by a signal, a lost lock or an unreachable cluster. `left` is the state it was left in. */
    | { state: 'interrupted'; reason: string; left: string }
  );

/**
 * 0 if the release serves or was to be applied unproved; 3 if the deployment was refused, 4 if that is because the cluster could
 * not be asked; otherwise 1.
 */
export function exitCode(outcome: Outcome): number {
  const { state } = outcome;
  if (state === 'refused' && outcome.error.code.startsWith('CLUSTER')) return 4;
  if (state === 'deployed' || state === 'unchanged' || state === 'not proved') return 0;
  return state === 'refused' ? 3 : 1;
}

/** One paragraph: what serves now and why, with the code of the error; then the evidence and the next step, indented. */
export function describeOutcome(outcome: Outcome): string {
  const passed = Object.entries(outcome.despite ?? {}).map(
    ([code, reason]) => `\n  passed ${code}, because: ${reason}`,
  );
  const answers = shadowLines(outcome.shadow).map((line) => `\n  ${line}`);
  if (outcome.state !== 'rolled back' && outcome.state !== 'failed')
    return [headlineOf(outcome), ...answers, ...passed].join('');
  const first = `${headlineOf(outcome)} (${outcome.verdict.code})\n${details(outcome.verdict)}${answers.join('')}`;
  const second = outcome.state === 'failed' && outcome.secondVerdict;
  return second ? `${first}\n${describeVerdict(second)}` : first;
}

/** The paragraph alone, without a verdict's code and evidence. */
export function headlineOf(outcome: Outcome): string {
  const { namespace, name, image } = outcome;
  const what = `${namespace}/${name}`;
  const time = `after ${seconds(outcome.seconds)}`;
  switch (outcome.state) {
    case 'deployed': {
      const others = outcome.changed.length > 0 ? `; changed: ${outcome.changed.join(', ')}` : '';
      return `deployed ${time}: ${what} serves ${image} (ReplicaSet ${outcome.replicaSet})${listed(outcome.answers)}${bakedWords(outcome.baked)}${others}`;
    }
    case 'not proved':
      return `applied, not proved ${time}: ${what} has ${image} (ReplicaSet ${outcome.replicaSet}), but ${outcome.why}; it is not on record as good`;
    case 'unchanged':
      return `unchanged: ${what} already serves ${image} (ReplicaSet ${outcome.replicaSet})`;
    case 'refused':
      return `refused, nothing was changed: ${outcome.error.message}`;
    case 'rolled back': {
      const { returned, verdict, secondsToVerdict } = outcome;
      const back = `${what} serves ${returned.image} again (ReplicaSet ${returned.replicaSet}), healthy ${seconds(returned.seconds)} later${listed(returned.answers)}${returned.left.length > 0 ? `; not as before: ${returned.left.join('; ')}` : ''}`;
      return `rolled back: ${verdict.headline}. Detected ${seconds(secondsToVerdict)} after the apply; ${back}`;
    }
    case 'failed': {
      const { verdict, secondsToVerdict, why } = outcome;
      return `failed: ${verdict.headline}. Detected ${seconds(secondsToVerdict)} after the apply; ${why}`;
    }
    case 'interrupted':
      return `interrupted ${time}, ${what} was left like this: ${outcome.left}. The next deployment continues from there. Why: ${outcome.reason}`;
  }
}

/** Headline and code, then the evidence, the next step and the page about the cause. */
export function describeVerdict(verdict: Verdict): string {
  return `${verdict.headline} (${verdict.code})\n${details(verdict)}`;
}

function details({ evidence, next, runbook }: Verdict): string {
  return [...evidence.map((line) => `  | ${line}`), `  next: ${next}`, `  more: ${runbook}`].join('\n');
}

/** What a function of the module throws when the release does not serve. The code is the refusal's own, or the cause's. */
export function outcomeError(
  outcome: Exclude<Outcome, { state: 'deployed' | 'unchanged' | 'not proved' }>,
  functionName: string,
): PipelineError {
  const headline = `${functionName}: ${headlineOf(outcome)}`;
  switch (outcome.state) {
    case 'refused': {
      const { error } = outcome;
      const words = `${functionName}: the rollout was refused, nothing was changed: ${error.headline}`;
      return new PipelineError(error.code, words, { evidence: error.evidence, next: error.next, cause: error });
    }
    case 'rolled back':
    case 'failed': {
      const { code, evidence, next, runbook } = outcome.verdict;
      return new PipelineError(code, headline, { evidence, next: `${next}\n  more: ${runbook}` });
    }
    case 'interrupted':
      return new PipelineError('DEPLOY_INTERRUPTED', headline, { next: 'deploy again' });
  }
}

/** A stable format: the outcome's fields and its report; an error as its code, headline, evidence and next step. */
export function outcomeJson(outcome: Outcome): string {
  return JSON.stringify(
    { ...outcome, report: describeOutcome(outcome) },
    (_, value: unknown) => (value instanceof PipelineError ? fieldsOf(value) : value),
    2,
  );
}

function fieldsOf({ code, headline, evidence, next }: PipelineError): object {
  return { code, headline, evidence, next };
}

/** With examples of the answers that differ. */
function shadowLines(shadow: Shadow | undefined): string[] {
  if (!shadow) return [];
  if ('why' in shadow) return [`the sample was not compared: ${shadow.why}`];
  return [
    `of the sample, ${flipWords(shadow)} from those of the revision before`,
    ...shadow.examples.map((each) => `| ${each}`),
  ];
}

/** What a bake found, after a semicolon: figures, and where there was too little traffic to tell. */
function bakedWords(baked: Baked | undefined): string {
  if (!baked) return '';
  const { comparisons, trouble } = baked;
  const said = comparisons.map(({ says, state }) =>
    state === 'too little' ? `${says} (too little traffic to tell)` : says,
  );
  const words = trouble ? `${trouble}; ${said.join('; ')}` : said.join('; ');
  return `; watched for ${baked.seconds.toFixed(0)} s and not contradicted (${words})`;
}

/** What was asked, after a semicolon. */
function listed(answers: string[]): string {
  return answers.length > 0
    ? `; ${answers.join('; ')}`
    : '; its Service was not asked: the release has none that selects its pods';
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

// Pages about causes are beside the tool, wherever its user stands: in the package beside the program, in the repository in docs/.
const pageFolders = ['runbook', '../../../docs/runbook'].map((path) => resolve(import.meta.dirname, path));

/** A text of ours, or JSON, with the paths of its pages as they are found from here. */
export function withPages(text: string, from = process.cwd()): string {
  const folder = pageFolders.find((path) => existsSync(path));
  if (folder === undefined) return text;
  return text.replaceAll(/(more: |"runbook": ")docs\/runbook\/([a-z-]+\.md)/g, (_, before, page) => {
    const near = relative(from, join(folder, page));
    return `${before}${near.startsWith('..') ? join(folder, page) : near}`;
  });
}
