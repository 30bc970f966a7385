/** What a line of `dvc repro` means. Every line that is not DVC's own comes from the stage at work. */
export type DvcLine =
  | { kind: 'running' | 'unchanged' | 'cached'; stage: string }
  | { kind: 'error' | 'said'; text: string }
  | { kind: 'noise' };

const stageLines = [
  ['running', /^Running (?:callback )?stage '([^']+)':$/],
  ['unchanged', /^Stage '([^']+)' didn't change, skipping$/],
  ['cached', /^Stage '([^']+)' is cached - skipping run, checking out outputs$/],
] as const;

const noise = [
  /^\s*$/,
  /^> /,
  /^(Generating|Updating) lock file /,
  /^To track the changes with git, run:$/,
  /^To enable auto staging, run:$/,
  /^\tgit add /,
  /^\tdvc config /,
  /^Use `dvc push` /,
  /^Data and pipelines are up to date\.$/,
];

export function readDvcLine(line: string): DvcLine {
  for (const [kind, pattern] of stageLines) {
    const stage = pattern.exec(line)?.[1];
    if (stage !== undefined) return { kind, stage };
  }
  if (line.startsWith('ERROR: ')) return { kind: 'error', text: line.slice('ERROR: '.length) };
  if (noise.some((pattern) => pattern.test(line))) return { kind: 'noise' };
  return { kind: 'said', text: line };
}
