/**
 * Schemathesis sends what the API description allows, and what it does not, with all of its checks: no 5xx, only documented statuses,
 * content types and schemas, nothing invalid accepted and nothing valid refused.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, runOk } from '../support/process.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from '../support/service.ts';
import { reportTrust } from '../support/trust_report.ts';

const root = resolve(import.meta.dirname, '../..');
const CASES = 5000;
/** Of each operation in a run; most have only a few different ones. */
const EXAMPLES = 500;

let model: TestModel;
let service: ServiceProcess;
let folder: string;
beforeAll(async () => {
  await runOk(join(root, 'scripts/setup_schemathesis.sh'), [], { cwd: root });
  model = await createTestModel();
  folder = mkdtempSync(join(tmpdir(), 'api-'));
  service = await startService({ MODEL_URI: model.path, FEEDBACK_TO: `file:${join(folder, 'feedback')}` });
});
afterAll(async () => {
  await service.stop();
  await model.remove();
  rmSync(folder, { recursive: true, force: true });
});

test(`${CASES} cases of schemathesis find nothing`, async () => {
  let cases = 0;
  const findings: string[] = [];
  for (let seed = 1; cases < CASES && findings.length === 0; seed++) {
    const { code, stdout, stderr } = await run(
      join(root, '.tools/schemathesis/bin/schemathesis'),
      [
        ...['run', `${service.address}/openapi.json`, '--checks', 'all', '--no-color', '--continue-on-failure'],
        ...['--max-examples', String(EXAMPLES), '--seed', String(seed), '--suppress-health-check', 'all'],
        ...['--generation-database', 'none'],
      ],
      { cwd: folder },
    );
    const generated = Number(/^ *(\d[\d,]*) generated/m.exec(stdout)?.[1].replaceAll(',', '') ?? 0);
    cases += generated;
    if (code !== 0 || generated === 0) findings.push(`${stdout}${stderr}`.replace(/(.)\1{99,}/g, '$1...'));
  }
  const figure = `${findings.length === 0 ? 'no findings' : 'findings'} in ${cases.toLocaleString('en')} cases`;
  const holds = findings.length === 0 && cases >= CASES;
  reportTrust('Requests', { attempt: 'schemathesis with all of its checks', figure, holds });
  expect(findings.join('\n')).toBe('');
});
