import { expect, test } from 'vitest';
import { countTests } from './test_report.ts';

const file = (status: string, ...tests: string[]) => ({
  name: 'x.test.ts',
  status,
  assertionResults: tests.map((each, index) => ({ status: each, fullName: `test ${index}` })),
});

test('passed and failed tests are counted over all files', () => {
  const report = { testResults: [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')] };
  expect(countTests(report)).toEqual({ line: '3 passed, 1 failed', skipped: [] });
});

test('a file that did not load is a failure', () => {
  expect(countTests({ testResults: [file('failed')] }).line).toBe('0 passed, 1 failed');
});

test('tests that did not run are named', () => {
  const counted = countTests({ testResults: [file('passed', 'passed', 'skipped', 'todo')] });
  expect(counted).toEqual({ line: '1 passed, 0 failed, 2 skipped', skipped: ['test 1', 'test 2'] });
});
