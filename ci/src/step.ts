/**
 * A step is one command in a container. When it fails, the error names the function, the step, the exit code and the last
 * lines of the command's output.
 */
import { PipelineError } from './errors.ts';

export type Step = {
  /** The function's name as people call it: `repro`, `unit-test`. */
  function: string;
  /** Completes "the step that ...": `runs the stages`. */
  step: string;
  next?: string;
  /** Names the image that the step fetches, if that is not the base of all containers. */
  imageOption?: string;
};

/** The fields of the SDK's ExecError. */
export type Ended = { exitCode: number; stdout: string; stderr: string };

/** The exit code of this project's programs when a gate refuses. */
const REFUSED = 3;
/** Number of lines kept of each output. */
const LAST = 60;

/** Runs the step. A failed command throws STEP_FAILED, or GATE_REFUSED when its exit code is 3. */
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
    const words = wordsOf(error);
    const unresolved = unresolvedImage(error, step.imageOption ?? '--node-image, the base of all containers');
    if (unresolved) return unresolved;
    return new PipelineError('STEP_FAILED', `${name} failed`, {
      evidence: lastLines(words),
      next: step.next,
      cause: error,
    });
  }
  const evidence = [...lastLines(error.stdout), ...lastLines(error.stderr)];
  if (error.exitCode === REFUSED) {
    const next = 'this is a decision, not a fault; later steps did not run';
    return new PipelineError('GATE_REFUSED', `${name} was refused by its gate`, { evidence, next, cause: error });
  }
  const headline = `${name} failed with exit code ${error.exitCode}`;
  return new PipelineError('STEP_FAILED', headline, { evidence, next: step.next, cause: error });
}

/** One error for those of steps that ran side by side. */
export function oneError(errors: readonly PipelineError[]): PipelineError {
  if (errors.length === 1) return errors[0];
  return new PipelineError(errors[0].code, errors.map(({ headline }) => headline).join('; '), {
    evidence: errors.flatMap(({ headline, evidence }) => [headline, ...evidence]),
    next: errors.find(({ next }) => next !== undefined)?.next,
    cause: errors[0].cause,
  });
}

/** What the engine says when it cannot fetch an image, with the option that names another; undefined for other errors. */
function unresolvedImage(error: unknown, option: string): PipelineError | undefined {
  const words = wordsOf(error);
  const [, image] = /failed to resolve (?:image|source metadata for) "?([^\s"]+?)[":]?(?:\s|$)/.exec(words) ?? [];
  if (image === undefined) return undefined;
  const next = `check the name and the way to its registry, or name another: ${option}`;
  const evidence = lastLines(words);
  return new PipelineError('IMAGE_UNRESOLVED', `the image ${image} cannot be fetched`, {
    evidence,
    next,
    cause: error,
  });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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

/** The last lines, without terminal colours and without blank lines at both ends. */
export function lastLines(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  const plain = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').trim();
  if (plain === '') return [];
  const lines = plain.split('\n').map((line) => line.split('\r').at(-1)!.trimEnd());
  return lines.length > LAST ? [`... ${lines.length - LAST} lines before`, ...lines.slice(-LAST)] : lines;
}
