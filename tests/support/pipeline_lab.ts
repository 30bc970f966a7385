/** `make pipeline` in a copy of the repository with a small corpus: run, disturbed and run again, it ends in the same state. */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { paths } from '../../ml/stages/paths.ts';
import { freePort } from './listen.ts';
import { type Finished, processesNaming, type Running, start } from './process.ts';
import { copyRepository, type Repository } from './repository.ts';
import { setParams, useSmallCorpus } from './small_corpus.ts';

export type PipelineLab = {
  /** Path in the copy. */
  file(path: string): string;
  /** Starts the command, through the shell if `redirection` says where its output goes: '> /dev/full'. */
  pipeline(redirection?: string): Running;
  /** Milliseconds that the first undisturbed run took. */
  duration(): number;
  /** Makes the copy as after a clone. */
  forget(): void;
  /** No stack, nothing left running, and after a failure a sentence and what to do next. */
  expectSentences(finished: Finished): void;
  /** Runs it undisturbed and compares the end state with that of the first run. */
  expectComplete(): Promise<void>;
};

/** `env` names a tracking server; without one each run starts its own MLflow, whose database is part of what is forgotten. */
export function usePipelineLab(env: () => Promise<Record<string, string>> = async () => ({})): PipelineLab {
  let repository: Repository;
  let settings: Record<string, string | undefined>;
  let duration: number;
  let state: object;

  const file = (path: string) => join(repository.root, path);

  function begin(redirection = ''): Running {
    const options = { cwd: repository.root, env: { ...process.env, MLFLOW_TRACKING_URI: undefined, ...settings } };
    return redirection === ''
      ? start(process.execPath, ['scripts/run.ts', 'pipeline'], options)
      : start('sh', ['-c', `"$0" scripts/run.ts pipeline ${redirection}`, process.execPath], options);
  }

  const lab: PipelineLab = {
    file,
    pipeline(redirection) {
      const running = begin(redirection);
      onTestFinished(() => running.stop());
      return running;
    },
    duration: () => duration,
    forget() {
      for (const path of [paths.local, 'data', 'models', '.dvc/cache', '.dvc/tmp']) {
        rmSync(file(path), { recursive: true, force: true });
      }
    },
    expectSentences({ code, stdout, stderr }) {
      const output = stdout + stderr;
      expect(output).not.toMatch(/^\s+at .*:\d+:\d+\)?$|Traceback/m);
      if (code !== 0) expect(output).toMatch(/error: .*\n(.*\n)*? *next: /);
      expect(processesNaming(repository.root)).toEqual([]);
    },
    async expectComplete() {
      const again = await lab.pipeline().ended;
      expect(again).toMatchObject({ code: 0, stderr: '' });
      expect(again.stdout).toMatch(/(promoted|unchanged): faults version \d+/);
      lab.expectSentences(again);
      expect(endState(repository.root)).toEqual(state);
    },
  };

  beforeAll(async () => {
    repository = copyRepository({ installed: true });
    useSmallCorpus(repository.root);
    setParams(repository.root, { 'register_model.experiment': 'faults', 'register_model.model_name': 'faults' });
    settings = { MLFLOW_PORT: String(await freePort()), ...(await env()) };
    const before = Date.now();
    const first = await begin().ended;
    expect(first).toMatchObject({ code: 0 });
    duration = Date.now() - before;
    state = endState(repository.root);
  });
  afterAll(() => repository?.remove());
  return lab;
}

/** What a run leaves that does not depend on the tracking server: the model, the figures, and DVC's record of the stages. */
function endState(root: string): object {
  const read = (path: string) => readFileSync(join(root, path));
  const { register_model: _server, ...stages } = parse(read(paths.lock).toString()).stages;
  return {
    model: createHash('sha256').update(read(paths.model)).digest('hex'),
    metrics: JSON.parse(read(paths.metrics).toString()),
    stages,
  };
}
