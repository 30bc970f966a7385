/** How a deployment ended. */

import type { Verdict } from '../diagnosis/verdict.ts';
import type { PipelineError } from '../errors.ts';

type Facts = {
  namespace: string;
  name: string;
  /** The image that was to be deployed. */
  image: string;
  /** From the call to the end. */
  seconds: number;
};

/** The revision that serves after a return. */
export type Returned = { replicaSet: string; image: string; provedAt: string; seconds: number };

export type Outcome = Facts &
  (
    | { state: 'deployed'; replicaSet: string; changed: string[] }
    | { state: 'unchanged'; replicaSet: string }
    /** Nothing was changed. */
    | { state: 'refused'; error: PipelineError }
    /** The rollout failed, and the last good revision alone serves again. */
    | { state: 'rolled back'; verdict: Verdict; secondsToVerdict: number; returned: Returned }
    /** The rollout failed and there was no way back: `why` says what that means. */
    | { state: 'failed'; verdict: Verdict; secondsToVerdict: number; why: string; secondVerdict?: Verdict }
    /** Stopped in the middle: by a signal, a lost lock, a cluster that cannot be reached. `left` says in what state. */
    | { state: 'interrupted'; reason: string; left: string }
  );

/** 0 for what serves as asked, 3 for what never began, 1 for the rest. */
export function exitCode({ state }: Outcome): number {
  if (state === 'deployed' || state === 'unchanged') return 0;
  return state === 'refused' ? 3 : 1;
}
