import { redact } from './redact.ts';

/**
 * The error that functions of this module throw: a headline with a stable code, the evidence, the next step. Dagger prints only
 * an error's message, so the message is the whole text.
 */
export class PipelineError extends Error {
  readonly code: string;
  readonly headline: string;
  readonly evidence: string[];
  readonly next: string | undefined;

  /** `evidence` lines are printed unchanged, each after a bar. */
  constructor(code: string, headline: string, options: { evidence?: string[]; next?: string; cause?: unknown } = {}) {
    const { cause } = options;
    const next = options.next && redact(options.next);
    const evidence = (options.evidence ?? []).map((line) => redact(line));
    const shown = redact(headline);
    const lines = [
      `${shown} (${code})`,
      ...evidence.map((line) => `  | ${line}`),
      ...(next ? [`  next: ${next}`] : []),
    ];
    super(lines.join('\n'), cause === undefined ? undefined : { cause });
    this.name = 'PipelineError';
    this.code = code;
    this.headline = shown;
    this.evidence = evidence;
    this.next = next;
  }
}
