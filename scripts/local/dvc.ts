/** `dvc repro`, told stage by stage. */
import { SentimentError } from '../../ml/errors.ts';
import { readDvcLine } from './dvc_lines.ts';
import { type Call, runProgram } from './programs.ts';
import type { Progress } from './progress.ts';

export type Repro = Omit<Call, 'command' | 'onLine'> & { progress: Progress };

/** Brings the stages up to date. Throws STAGE_FAILED with the exit code of the stage that failed, or DVC_FAILED. */
export async function repro(stages: string[], flags: string[], { progress, ...call }: Repro): Promise<void> {
  let running = '';
  const errors: string[] = [];
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
      progress.say(line.text);
    }
  };
  const code = await runProgram({ ...call, command: ['dvc', 'repro', ...flags, ...stages], onLine });
  progress.done(code === 0 ? '' : 'failed');
  if (code === 0) return;
  const exit = /exited with (\d+)$/.exec(errors.join('\n'));
  if (exit) {
    throw new SentimentError('STAGE_FAILED', `${running} failed and said why above`, { exitCode: Number(exit[1]) });
  }
  const next = 'the sentence is from DVC; `dvc repro --verbose` in `make shell` says more';
  throw new SentimentError('DVC_FAILED', `dvc repro: ${errors.join('; ') || `exit code ${code}`}`, { next });
}
