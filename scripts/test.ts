/**
 * Runs all tests and closes with a line that counts them: `N passed, N failed`. Where CI is set, a skipped test fails
 * the run, because nobody would see what it no longer proves.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { runMain, SentimentError } from '../ml/errors.ts';
import { countTests, type TestReport } from './local/test_report.ts';

const REPORT = '.local/test-report.json';

function main(): void {
  rmSync(REPORT, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`];
  const { status } = spawnSync('vitest', ['run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
  const { line, skipped } = countTests(readReport());
  if (skipped.length > 0) process.stdout.write(`skipped:\n${skipped.map((name) => `  ${name}\n`).join('')}`);
  process.stdout.write(`${line}\n`);
  if (status !== 0 || (process.env.CI && skipped.length > 0)) process.exitCode = 1;
}

function readReport(): TestReport {
  try {
    return JSON.parse(readFileSync(REPORT, 'utf8'));
  } catch (cause) {
    throw new SentimentError('TESTS_NOT_RUN', 'vitest ended without a report, see above', { cause });
  }
}

await runMain(main);
