/** The commands of the pages that are marked to be run, as printed; tests/config/commands.test.ts demands a mark of each block. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandBlocks, root } from './support/commands.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';

let folder: string;
let model: TestModel;
let service: ServiceProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'commands-'));
  for (const each of ['package.json', 'params.yaml', 'node_modules', 'cli', 'ml', 'service', 'behaviour']) {
    symlinkSync(join(root, each), join(folder, each));
  }
  const rows = Array.from({ length: 120 }, (_, i) =>
    i % 2
      ? `"a lovely, funny film ${i}",${4 + (i % 3 === 0 ? 1 : 0)}`
      : `"a dull and boring film ${i}",${1 + (i % 3 === 0 ? 1 : 0)}`,
  );
  writeFileSync(join(folder, 'reviews.csv'), `review,stars\n${rows.join('\n')}\n`);
  writeFileSync(join(folder, 'new.csv'), 'review\n"not bad at all"\n"slow, but lovely"\n');
  model = await createTestModel();
  service = await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '0' });
});
afterAll(async () => {
  await service?.stop();
  await model?.remove();
  rmSync(folder, { recursive: true });
});

function shell(text: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-eu', '-o', 'pipefail', '-c', text], { cwd: folder });
    let output = '';
    const add = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('close', (code) => resolve({ code, output }));
  });
}

test.each(commandBlocks().filter(({ run }) => run !== undefined))('$page, line $line', async ({ run, text }) => {
  const { code, output } = await shell(text.replaceAll('http://127.0.0.1:8080', service.address));
  expect(code, output).toBe(0);
  if (run === 'service') {
    expect(output).toContain('"label":');
    expect(output).toContain('"failed":1');
  } else expect(output).toMatch(/positive|negative/);
});
