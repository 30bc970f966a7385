import { basename } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** The part of vitest's JSON report (the format of Jest's) that is counted. */
export type TestReport = {
  testResults: {
    name: string;
    /** `failed` with no assertions: the file itself did not load. */
    status: string;
    message?: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
  }[];
};

/** What one run of tests comes to. */
export type TestCount = {
  /** The closing line, `N passed, N failed`. A file that did not load counts as one failure. */
  line: string;
  /** Names of the tests that did not run. */
  skipped: string[];
  /** Of each failure its file, its test and the first line of its message: what is known where only the end of a log is kept. */
  failures: string[];
};

export function countTests({ testResults }: TestReport): TestCount {
  const tests = testResults.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: file.name })));
  const failed = tests.filter((test) => test.status === 'failed');
  const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  const failures = [
    ...failed.map((test) => `${basename(test.file)}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`),
    ...brokenFiles.map((file) => `${basename(file.name)}: ${firstLine(file.message)}`),
  ];
  const more = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  return {
    line: `${tests.length - failed.length - skipped.length} passed, ${failures.length} failed${more}`,
    skipped: skipped.map((test) => test.fullName),
    failures,
  };
}

const firstLine = (message = '') => stripVTControlCharacters(message).trim().split('\n', 1)[0]?.slice(0, 300) ?? '';
