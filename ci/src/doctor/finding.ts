/** What `doctor` finds out, one line each: what was looked at, whether it is in order, and if not, what to do. */
import { PipelineError } from '../errors.ts';

export type Finding = { what: string; problem?: string; next?: string };

/** The lines for a person; throws DOCTOR with the same lines when something is wrong. */
export function diagnosis(findings: Finding[]): string {
  const lines = findings.flatMap(({ what, problem, next }) => {
    if (problem === undefined) return [`ok    ${what}`];
    return [`WRONG ${what}: ${problem}`, ...(next ? [`      next: ${next}`] : [])];
  });
  const wrong = findings.filter(({ problem }) => problem !== undefined).length;
  if (wrong === 0) return lines.join('\n');
  throw new PipelineError('DOCTOR', `doctor: ${wrong} of ${findings.length} are not in order`, { evidence: lines });
}
