/**
 * How a function with an effect ended, as fields for a program and a report for a person. On the command line a field follows
 * the function: `dagger call ... deploy --image=... report`.
 */
import { PipelineError } from './errors.ts';

/** How it ended. Dagger shows these comments; every field is a text, a list or a number, so that none is missing. */
export type Result = {
  /** Such as deployed, unchanged, not proved, rolled back, failed, refused, interrupted, pushed, promoted, healthy, unhealthy */
  state: string;
  /** The image, by digest; empty without one */
  reference: string;
  /** The image's digest, sha256:...; empty without one */
  digest: string;
  /** What went wrong: the code of the error or of the rollout's cause, such as ROLLOUT_IMAGE_NOT_FOUND; empty if nothing did */
  cause: string;
  /** What shows it, in the words of cluster, registry or program */
  evidence: string[];
  /** All of it for a person */
  report: string;
  /** 0 if it went well, 3 if a gate refused or nothing was changed, 4 if the cluster could not be asked, otherwise 1 */
  exitCode: number;
};

/** A good end. */
export function success(state: string, report: string, { reference = '', cause = '' } = {}): Result {
  const digest = reference.slice(reference.indexOf('@') + 1);
  return { state, reference, digest, cause, evidence: [], report, exitCode: 0 };
}

/** The codes of errors that are decisions. */
const REFUSALS = ['GATE_REFUSED', 'SCAN_REFUSED'];

/** The end that an error makes. */
export function failure({ code, evidence, message }: PipelineError): Result {
  const isRefusal = REFUSALS.includes(code);
  const state = isRefusal ? 'refused' : 'failed';
  return { ...success(state, message, { cause: code }), evidence, exitCode: isRefusal ? 3 : 1 };
}

/** The result of `work`. Unless failure is allowed, a failed one throws its report, which Dagger prints. */
export async function ended(work: () => Promise<Result>, allowFailure: boolean): Promise<Result> {
  const result = await work().catch((error: unknown) => {
    if (error instanceof PipelineError) return failure(error);
    throw error;
  });
  if (result.exitCode === 0 || allowFailure) return result;
  throw new Error(result.report);
}
