/** Runs `dvc repro` and reports it stage by stage. */
import { constants } from 'node:os';
import { diskTrouble, SentimentError } from '../../ml/errors.ts';
import { paths } from '../../ml/stages/paths.ts';
import { clearLeftovers, keepLockFile } from './dvc_leftovers.ts';
import { type Call, runProgram } from './programs.ts';
import type { Progress } from './progress.ts';

export type Repro = Omit<Call, 'command' | 'onLine'> & { progress: Progress };

/** Brings the stages up to date. Throws STAGE_FAILED with the exit code of the stage that failed, or DVC_FAILED. */
export async function repro(stages: string[], flags: string[], { progress, ...call }: Repro): Promise<void> {
  let running = '';
  const errors: string[] = [];
  const warnings: string[] = [];
  const onLine = (text: string) => {
    const line = readDvcLine(text);
    if (line.kind === 'running') {
      running = line.stage;
      progress.start(line.stage);
    } else if (line.kind === 'unchanged' || line.kind === 'cached') {
      progress.skipped(line.stage, line.kind === 'cached' ? "from DVC's cache" : 'unchanged');
    } else if (line.kind === 'error') {
      errors.push(line.text);
    } else if (line.kind === 'said') {
      if (running === '') warnings.push(line.text);
      progress.say(line.text);
    }
  };
  progress.wait('DVC');
  for (const text of clearLeftovers(call.root)) progress.say(text);
  const forget = keepLockFile(call.root);
  const code = await runProgram({ ...call, command: ['dvc', 'repro', ...flags, ...stages], onLine });
  forget();
  progress.done(code === 0 ? '' : 'failed');
  if (code === 0) return;
  const exit = /exited with (\d+)$/.exec(errors.join('\n'));
  if (exit) {
    throw new SentimentError('STAGE_FAILED', `${running} failed; its message is above`, { exitCode: Number(exit[1]) });
  }
  const words = (errors.length > 0 ? errors : warnings.slice(0, 1)).join('; ');
  const next = troubleIn(words) ?? 'the message comes from DVC; for more, run `dvc repro --verbose` in `make shell`';
  throw new SentimentError('DVC_FAILED', `dvc repro: ${words || `exit code ${code}`}`, { next });
}

/** What to do about a full or read-only disk. Python gives the error's number: [Errno 28] No space left on device. */
function troubleIn(words: string): string | undefined {
  // DVC has tried to link and to copy the file.
  const [, path] = /No possible cache link types for '([^']+)'/.exec(words) ?? [];
  if (path) return `look whether its disk is full or read-only (df -h '${path}'), then run the same command again`;
  if (/dvc\.lock' (?:validation failed|is invalid)/.test(words)) {
    return 'take the one of the last commit (git checkout HEAD -- dvc.lock), then run the same command again';
  }
  // SQLite, in which DVC keeps what it knows of files, names none.
  if (/disk I\/O error|database or disk is full/.test(words)) {
    return `look whether the disk of ${paths.local} or .dvc is full (df -h ${paths.local} .dvc), then run the same command again`;
  }
  const number = Number(/\[Errno (\d+)\]/.exec(words)?.[1]);
  const [code] = Object.entries(constants.errno).find(([, value]) => value === number) ?? [];
  return diskTrouble(Object.assign(new Error(), { code }))?.next;
}

/** What a line of `dvc repro` means. Lines that are not DVC's own come from the running stage (`said`). */
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
