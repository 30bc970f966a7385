import { expect, test } from 'vitest';
import { countTests } from './test_report.ts';

const file = (status: string, ...tests: string[]) => ({
  name: 'x.test.ts',
  status,
  message: '\u001b[31mError: cannot find it\u001b[0m\n  at line 3',
  assertionResults: tests.map((each, index) => ({
    status: each,
    fullName: `test ${index}`,
    failureMessages: each === 'failed' ? ['AssertionError: expected 1 to be 2\n    at line 7'] : [],
  })),
});

test('passed and failed tests are counted over all files', () => {
  const report = { testResults: [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')] };
  expect(countTests(report)).toMatchObject({
    line: '3 passed, 1 failed',
    skipped: [],
  });
});

test('a file that did not load is a failure', () => {
  expect(countTests({ testResults: [file('failed')] }).line).toBe('0 passed, 1 failed');
});

test('tests that did not run are named', () => {
  const counted = countTests({ testResults: [file('passed', 'passed', 'skipped', 'todo')] });
  expect(counted).toMatchObject({ line: '1 passed, 0 failed, 2 skipped', skipped: ['test 1', 'test 2'] });
});

test('a failure is told with its file and the first line of its message', () => {
  const counted = countTests({ testResults: [file('failed', 'passed', 'failed'), file('failed')] });
  expect(counted.failures).toEqual([
    'x.test.ts: test 1: AssertionError: expected 1 to be 2',
    'x.test.ts: Error: cannot find it',
  ]);
});
