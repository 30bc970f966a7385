/** The part of vitest's JSON report (the format of Jest's) that is counted. */
export type TestReport = {
  testResults: {
    name: string;
    /** `failed` with no assertions: the file itself did not load. */
    status: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
};

/** The closing line, and the names of the tests that did not run. A file that did not load counts as one failure. */
export function countTests(report: TestReport): { line: string; skipped: string[] } {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
  const failed = tests.filter((test) => test.status === 'failed').length + brokenFiles;
  const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');
  const more = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  return { line: `${passed} passed, ${failed} failed${more}`, skipped: skipped.map((test) => test.fullName) };
}
