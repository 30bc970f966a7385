/**
 * A step is one command in a container, known to people by the function that runs it and a few words. When it fails, the
 * error names both, the exit code and the command's own last words.
 */
import { PipelineError } from './errors.ts';

export type Step = {
  /** The function as it is called: `repro`, `unit-test`. */
  function: string;
  /** What the step does, as in "the step that ...": `runs the stages`. */
  step: string;
  next?: string;
};

/** How a command ended, as the SDK's ExecError tells it. */
export type Ended = { exitCode: number; stdout: string; stderr: string };

/** Exit code of every program of this project whose gate says no. */
const REFUSED = 3;
/** Lines kept of each output. */
const LAST = 60;

/** Runs the step. A command that failed becomes STEP_FAILED, or GATE_REFUSED when it ended with 3. */
export async function runStep<T>(step: Step, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw stepError(step, error);
  }
}

export function stepError(step: Step, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const name = `${step.function}: the step that ${step.step}`;
  if (!hasEnded(error)) {
    const words = error instanceof Error ? error.message : String(error);
    return new PipelineError('STEP_FAILED', `${name} failed`, {
      evidence: lastLines(words),
      next: step.next,
      cause: error,
    });
  }
  const evidence = [...lastLines(error.stdout), ...lastLines(error.stderr)];
  if (error.exitCode === REFUSED) {
    const next = 'this is a decision, not a fault; nothing after it has run';
    return new PipelineError('GATE_REFUSED', `${name} was refused by its gate`, { evidence, next, cause: error });
  }
  const headline = `${name} failed with exit code ${error.exitCode}`;
  return new PipelineError('STEP_FAILED', headline, { evidence, next: step.next, cause: error });
}

function hasEnded(error: unknown): error is Ended {
  return (
    error instanceof Error &&
    'exitCode' in error &&
    typeof error.exitCode === 'number' &&
    'stdout' in error &&
    'stderr' in error
  );
}

/** Without terminal colours, blank lines at the ends, and all but the last lines. */
export function lastLines(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  const plain = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').trim();
  if (plain === '') return [];
  const lines = plain.split('\n').map((line) => line.split('\r').at(-1)!.trimEnd());
  return lines.length > LAST ? [`... ${lines.length - LAST} lines before`, ...lines.slice(-LAST)] : lines;
}
