import { expect, test } from 'vitest';
import { PipelineError } from './errors.ts';
import { ended, success } from './result.ts';

const reference = 'registry.example.com/sentiment@sha256:76ce120';

test('the digest is that of the reference', async () => {
  const result = await ended(async () => success('pushed', 'report', { reference }), false);
  expect(result).toEqual({
    state: 'pushed',
    reference,
    digest: 'sha256:76ce120',
    cause: '',
    evidence: [],
    report: 'report',
    exitCode: 0,
  });
});

test('a failure throws its report, unless it is allowed', async () => {
  const refused = async () => {
    throw new PipelineError('GATE_REFUSED', 'refused by its gate', { evidence: ['accuracy 0.6'], next: 'look' });
  };
  const report = 'refused by its gate (GATE_REFUSED)\n  | accuracy 0.6\n  next: look';
  await expect(ended(refused, false)).rejects.toThrow(report);
  expect(await ended(refused, true)).toMatchObject({
    state: 'refused',
    cause: 'GATE_REFUSED',
    evidence: ['accuracy 0.6'],
    report,
    exitCode: 3,
  });
});

test('a fault of the program is never a result', async () => {
  const faulty = async () => {
    throw new TypeError('undefined is not a function');
  };
  await expect(ended(faulty, true)).rejects.toThrow(TypeError);
});
