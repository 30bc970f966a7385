/**
 * What integration tests need from outside npm, and what happens when a machine has it not: a loud line and a skip,
 * or in CI, where a skip would hide a broken promise, a failure.
 *
 *     describe.skipIf(!need('chromium'))('the page', () => { ... });
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export type Tool = 'chromium' | 'mlflow' | 'dvc' | 'moto';

const programs: Record<Tool, string[]> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  mlflow: ['mlflow'],
  dvc: ['dvc'],
  moto: ['moto_server'],
};

const remedies: Record<Tool, string> = {
  chromium: 'apt-get install chromium',
  mlflow: 'make setup',
  dvc: 'make setup',
  moto: 'make setup',
};

/** Whether the tool is there. Throws when it is not and CI is set. */
export function need(tool: Tool): boolean {
  if (programPath(tool) !== undefined) return true;
  const message = `${tool} is not installed (${remedies[tool]})`;
  if (process.env.CI) throw new Error(`${message}; in CI a skipped test is a failure`);
  process.stderr.write(`\n*** SKIPPED: ${message}: the tests that need it do not run ***\n\n`);
  return false;
}

/** The tool's program: the project's own in .venv first, else the first on the PATH. */
export function programPath(tool: Tool): string | undefined {
  const own = resolve(import.meta.dirname, '../../.venv/bin');
  const folders = [own, ...(process.env.PATH ?? '').split(delimiter)];
  const candidates = folders.flatMap((folder) => programs[tool].map((name) => join(folder, name)));
  return candidates.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
