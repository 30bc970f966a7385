import { expect, test } from 'vitest';
import { PipelineError } from './errors.ts';
import { lastLines, oneError, runStep, stepError } from './step.ts';

const step = { function: 'repro', step: 'runs the stages', next: 'read the stage that failed' };

function ended(exitCode: number, stdout = '', stderr = ''): Error {
  return Object.assign(new Error(`exit code: ${exitCode}`), { exitCode, stdout, stderr });
}

test('a failed command names the function, the step, the exit code and its last words', () => {
  const error = stepError(step, ended(1, 'stage data_ingestion\n', '\u001b[31merror: no such file\u001b[0m\n'));
  expect(error.code).toBe('STEP_FAILED');
  expect(error.message).toBe(
    [
      'repro: the step that runs the stages failed with exit code 1 (STEP_FAILED)',
      '  | stage data_ingestion',
      '  | error: no such file',
      '  next: read the stage that failed',
    ].join('\n'),
  );
});

test('exit code 3 is a refusal, not a failure', () => {
  const error = stepError({ function: 'promote', step: 'judges the model' }, ended(3, 'refused: worse than version 2'));
  expect(error.code).toBe('GATE_REFUSED');
  expect(error.message).toContain('promote: the step that judges the model was refused by its gate');
  expect(error.message).toContain('| refused: worse than version 2');
});

test('an error that is not from a command keeps its message', () => {
  const error = stepError(step, new Error('failed to resolve image node:25'));
  expect(error.message).toContain('| failed to resolve image node:25');
});

test('steps that failed side by side are all told', () => {
  const one = stepError({ function: 'integration-test', step: 'tests the pipeline' }, ended(1, 'FAIL a'));
  const other = stepError({ function: 'integration-test', step: 'tests rollouts' }, ended(1, 'FAIL b'));
  expect(oneError([one])).toBe(one);
  expect(oneError([one, other]).message.split('\n')).toEqual([
    `${one.headline}; ${other.headline} (STEP_FAILED)`,
    `  | ${one.headline}`,
    '  | FAIL a',
    `  | ${other.headline}`,
    '  | FAIL b',
  ]);
});

test('a PipelineError passes through', async () => {
  const own = new PipelineError('DIRTY', 'there are changes');
  await expect(runStep(step, () => Promise.reject(own))).rejects.toBe(own);
});

test('returns the result of the step', async () => {
  expect(await runStep(step, async () => 7)).toBe(7);
});

test('long output is cut at its start, and says by how many lines', () => {
  const text = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`).join('\n');
  const lines = lastLines(text);
  expect(lines[0]).toBe('... 40 lines before');
  expect(lines.at(-1)).toBe('line 100');
  expect(lines).toHaveLength(61);
});

test('of a line that was overwritten, the last state is kept', () => {
  expect(lastLines('10 %\r50 %\r100 %\n')).toEqual(['100 %']);
});

test('an image that cannot be fetched is told with the option that names another', () => {
  const words =
    'failed to resolve image "docker.io/library/node:nope" (platform: "linux/amd64"): docker.io/library/node:nope: not found';
  const error = stepError(step, new Error(words));
  expect(error.message).toBe(
    [
      'the image docker.io/library/node:nope cannot be fetched (IMAGE_UNRESOLVED)',
      `  | ${words}`,
      '  next: check the name and the way to its registry, or name another: --node-image, the base of all containers',
    ].join('\n'),
  );
  const other = stepError({ ...step, imageOption: '--cluster-image' }, new Error(words));
  expect(other.message).toContain('or name another: --cluster-image');
});
