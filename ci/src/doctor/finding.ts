/** A finding of `doctor` is one line: what was checked, what is wrong with it, and what to do. */
import { PipelineError } from '../errors.ts';

export type Finding = {
  what: string;
  problem?: string;
  next?: string;
  /** Nothing was given to check, or nobody could say. */
  unchecked?: boolean;
};

/** One line or two per finding. Throws DOCTOR with the same lines when something is wrong. */
export function diagnosis(findings: Finding[]): string {
  const lines = findings.flatMap(({ what, problem, next, unchecked }) => {
    if (unchecked) return [`-     ${what}`];
    if (problem === undefined) return [`ok    ${what}`];
    return [`WRONG ${what}: ${problem}`, ...(next ? [`      next: ${next}`] : [])];
  });
  const wrong = findings.filter(({ problem }) => problem !== undefined).length;
  if (wrong === 0) return lines.join('\n');
  throw new PipelineError('DOCTOR', `doctor: ${wrong} of ${findings.length} checks failed`, { evidence: lines });
}
