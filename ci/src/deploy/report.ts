/** How a deployment ended: as text for a person, as JSON and an exit code for a program. */

import type { Verdict } from '../diagnosis/verdict.ts';
import type { PipelineError } from '../errors.ts';

type Facts = {
  namespace: string;
  name: string;
  /** The image that was to be deployed. */
  image: string;
  /** From the call to the end of the deployment. */
  seconds: number;
};

/** The revision that serves after a rollback. */
export type Returned = { replicaSet: string; image: string; provedAt: string; seconds: number };

export type Outcome = Facts &
  (
    | { state: 'deployed'; replicaSet: string; changed: string[] }
    | { state: 'unchanged'; replicaSet: string }
    /** Nothing was changed. */
    | { state: 'refused'; error: PipelineError }
    /** The rollout failed, and only the last good revision serves again. */
    | { state: 'rolled back'; verdict: Verdict; secondsToVerdict: number; returned: Returned }
    /** The rollout failed, and so did the rollback or there was none: `why` says which. */
    | { state: 'failed'; verdict: Verdict; secondsToVerdict: number; why: string; secondVerdict?: Verdict }
    /** Stopped by a signal, a lost lock or an unreachable cluster. `left` is the state it was left in. */
    | { state: 'interrupted'; reason: string; left: string }
  );

/** 0 if the release serves, 3 if the deployment was refused, otherwise 1. */
export function exitCode({ state }: Outcome): number {
  if (state === 'deployed' || state === 'unchanged') return 0;
  return state === 'refused' ? 3 : 1;
}

/** One paragraph: what serves now, why, and what to do; then the evidence, indented. */
export function describeOutcome(outcome: Outcome): string {
  const { namespace, name, image } = outcome;
  const what = `${namespace}/${name}`;
  const time = `after ${seconds(outcome.seconds)}`;
  switch (outcome.state) {
    case 'deployed': {
      const others = outcome.changed.length > 0 ? `; changed: ${outcome.changed.join(', ')}` : '';
      return `deployed ${time}: ${what} serves ${image} (ReplicaSet ${outcome.replicaSet})${others}`;
    }
    case 'unchanged':
      return `unchanged: ${what} already serves ${image} (ReplicaSet ${outcome.replicaSet})`;
    case 'refused':
      return `refused, nothing was changed: ${outcome.error.message}`;
    case 'rolled back': {
      const { returned, verdict, secondsToVerdict } = outcome;
      const back = `${what} serves ${returned.image} again (ReplicaSet ${returned.replicaSet}), healthy ${seconds(returned.seconds)} later`;
      return `rolled back: ${verdict.headline}. Detected ${seconds(secondsToVerdict)} after the apply; ${back}.\n${details(verdict)}`;
    }
    case 'failed': {
      const { verdict, secondsToVerdict, why, secondVerdict } = outcome;
      const second = secondVerdict ? `\n${secondVerdict.headline}\n${details(secondVerdict)}` : '';
      return `failed: ${verdict.headline}. Detected ${seconds(secondsToVerdict)} after the apply; ${why}.\n${details(verdict)}${second}`;
    }
    case 'interrupted':
      return `interrupted ${time}, ${what} was left like this: ${outcome.left}. The next deployment continues from there. Why: ${outcome.reason}`;
  }
}

/** The verdict without its headline. */
export function details({ evidence, next, runbook, cause }: Verdict): string {
  return [...evidence.map((line) => `  | ${line}`), `  next: ${next}`, `  see ${runbook} (${cause})`].join('\n');
}

/** A stable format: the outcome's fields; an error as its code, headline, evidence and next step. */
export function outcomeJson(outcome: Outcome): string {
  const plain =
    outcome.state === 'refused'
      ? {
          ...outcome,
          error: {
            code: outcome.error.code,
            headline: outcome.error.headline,
            evidence: outcome.error.evidence,
            next: outcome.error.next,
          },
        }
      : outcome;
  return JSON.stringify(plain, undefined, 2);
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
