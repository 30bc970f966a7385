import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, 'main.ts');

function call(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('--help shows the usage and the exit codes', async () => {
  const { code, stdout } = await call('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('3 refused before anything was changed');
});

test.each([
  [['depoly'], 'unknown command "depoly"'],
  [['deploy', '--image', 'x', '--deadline', 'soon'], '--deadline is "soon"'],
  [['deploy', '--image', 'x', '--patience', 'image-not-fond=9'], 'write image-not-found=SECONDS, or another of'],
  [['deploy', '--image', 'x', '--patience', 'quota=long'], 'the patience is "quota=long", expected quota=SECONDS'],
  [['diagnose', '--kubeconfig', 'nowhere.yaml'], 'the kubeconfig cannot be read'],
])('the wrong call %j prints the reason and exits with 2', async (args, words) => {
  const { code, stderr } = await call(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
});
