/**
 * The program that a call starts, explained-rollout: its options, and what it printed as the fields of a result.
 *
 * `Result` has the fields of the type of the same name in ci/src/result.ts. A function of a Dagger module cannot return a
 * type of another module, so each has one.
 */

/** How it ended. Every field is a text, a list or a number, so that none is missing. */
export type Result = {
  /** deployed, unchanged, not proved, rolled back, failed, refused, interrupted; of a diagnosis: healthy, unhealthy, unknown */
  state: string;
  /** The image that was to be deployed, by digest; empty for a diagnosis */
  reference: string;
  /** Its digest, sha256:... */
  digest: string;
  /** The code of what went wrong, such as ROLLOUT_IMAGE_NOT_FOUND; empty if nothing did */
  cause: string;
  /** What shows it, in the cluster's own words */
  evidence: string[];
  /** All of it for a person */
  report: string;
  /** 0 if it went well, 1 if not, 2 for wrong arguments, 3 if nothing was changed, 4 if the cluster could not be asked */
  exitCode: number;
};

/** Arguments by their names here (`maxFlips`) as the program's options (`--max-flips=10%`); a list is an option for each entry. */
export function optionsOf(words: Record<string, string | string[] | undefined>): string[] {
  return Object.entries(words).flatMap(([name, value]) => {
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return [value ?? []].flat().map((each) => `--${option}=${each}`);
  });
}

/** Reads each secret, by its name here (`dockerConfig`), so that the error for one that cannot be read names its option. */
export async function checkSecrets(secrets: Record<string, { plaintext(): Promise<string> } | undefined>) {
  for (const [name, secret] of Object.entries(secrets)) {
    await secret?.plaintext().catch((cause: unknown) => {
      const [option] = optionsOf({ [name]: '' });
      const words = cause instanceof Error ? cause.message : String(cause);
      const next = 'set the variable or create the file that it names, or leave it out';
      const headline = `the secret of ${option.slice(0, -1)} cannot be read (SECRET)`;
      throw new Error(`${headline}\n  | ${words}\n  next: ${next}`, { cause });
    });
  }
}

/** What the program left: its JSON on standard output, or only a text on standard error. */
export type Printed = { exitCode: number; stdout: string; stderr: string };

/** The parts of that JSON that are read here. */
type Told = {
  state: string;
  report: string;
  reason?: string;
  verdict?: { code: string; evidence: string[] };
  error?: { code: string; evidence: string[] };
};

export function resultOf({ exitCode, stdout, stderr }: Printed, reference = ''): Result {
  const digest = reference.slice(reference.indexOf('@') + 1);
  if (stdout.trim() === '') return { state: 'failed', reference, digest, ...causeIn(stderr, exitCode), exitCode };
  const { state, report, reason, verdict, error }: Told = JSON.parse(stdout);
  const shown = verdict ?? error ?? { code: reason ? 'DEPLOY_INTERRUPTED' : '', evidence: [] };
  return { state, reference, digest, cause: shown.code, evidence: shown.evidence, report: withCall(report), exitCode };
}

/** The pages are in the program's container, so the report names the call that shows one. */
function withCall(report: string): string {
  const lines = report.split('\n').map((line) => {
    const [before, path] = line.split('more: ');
    const page = path?.split('/').at(-1);
    return page?.endsWith('.md') ? `${before}more: page --cause=${page.slice(0, -'.md'.length)}` : line;
  });
  return lines.join('\n');
}

/** An error as the program writes it: one line that ends in the code in brackets, bars before the evidence. */
function causeIn(stderr: string, exitCode: number): Pick<Result, 'cause' | 'evidence' | 'report'> {
  const lines = stderr.trimEnd().split('\n');
  const start = lines.findLastIndex((line) => /^\S.* \([A-Z][A-Z0-9_]+\)$/.test(line));
  // After a blank line it lists its own options, and --help has those of the module.
  if (start < 0 && exitCode === 2) return { cause: 'USAGE', evidence: [], report: stderr.split('\n\n')[0].trim() };
  const [, cause = 'FAILED'] = /\(([A-Z][A-Z0-9_]+)\)$/.exec(lines[start] ?? '') ?? [];
  const evidence = lines.filter((line) => line.startsWith('  | ')).map((line) => line.slice(4));
  return { cause, evidence, report: lines.slice(Math.max(start, 0)).join('\n') };
}
