/** An outcome, for a person and for a program. */
import type { Verdict } from '../diagnosis/verdict.ts';
import type { Outcome } from './outcome.ts';

/** One paragraph that says what is there now, why, and what to do; then the evidence, indented. */
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
      return `unchanged: ${what} serves ${image} already (ReplicaSet ${outcome.replicaSet})`;
    case 'refused':
      return `refused, nothing was changed: ${outcome.error.message}`;
    case 'rolled back': {
      const { returned, verdict, secondsToVerdict } = outcome;
      const back = `${what} serves ${returned.image} again (ReplicaSet ${returned.replicaSet}), proven healthy ${seconds(returned.seconds)} later`;
      return `rolled back: ${verdict.headline}. This was clear ${seconds(secondsToVerdict)} after the apply; ${back}.\n${details(verdict)}`;
    }
    case 'failed': {
      const { verdict, secondsToVerdict, why, secondVerdict } = outcome;
      const second = secondVerdict ? `\n${secondVerdict.headline}\n${details(secondVerdict)}` : '';
      return `failed: ${verdict.headline}. This was clear ${seconds(secondsToVerdict)} after the apply; ${why}.\n${details(verdict)}${second}`;
    }
    case 'interrupted':
      return `interrupted ${time}, ${what} was left like this: ${outcome.left}. The next deployment takes it up from there. Why: ${outcome.reason}`;
  }
}

/** The verdict without its headline. */
export function details({ evidence, next, runbook, cause }: Verdict): string {
  return [...evidence.map((line) => `  | ${line}`), `  next: ${next}`, `  see ${runbook} (${cause})`].join('\n');
}

/** A stable form: the outcome's own fields, an error as its code, headline, evidence and next step. */
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
