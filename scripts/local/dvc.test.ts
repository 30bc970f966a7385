import { expect, test } from 'vitest';
import { readDvcLine } from './dvc.ts';

const recording = `Stage 'a' didn't change, skipping
Stage 'b' is cached - skipping run, checking out outputs
Running stage 'c':
> node ml/stages/c.ts
10 read, 9 kept
Updating lock file 'dvc.lock'

To track the changes with git, run:

	git add dvc.lock

To enable auto staging, run:

	dvc config core.autostage true
Use \`dvc push\` to send your updates to remote storage.
ERROR: failed to reproduce 'c': failed to run: node ml/stages/c.ts, exited with 2`;

test('keeps the stages, their output and the error of a recorded dvc repro, and drops the rest', () => {
  const lines = recording.split('\n').map(readDvcLine);
  expect(lines.filter((line) => line.kind !== 'noise')).toEqual([
    { kind: 'unchanged', stage: 'a' },
    { kind: 'cached', stage: 'b' },
    { kind: 'running', stage: 'c' },
    { kind: 'said', text: '10 read, 9 kept' },
    { kind: 'error', text: "failed to reproduce 'c': failed to run: node ml/stages/c.ts, exited with 2" },
  ]);
});
