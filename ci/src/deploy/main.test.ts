import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, 'main.ts');

const nowhere = { ...process.env, HOME: '/nonexistent', KUBECONFIG: '' };

function call(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: nowhere }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('--help shows the usage and the exit codes', async () => {
  const { code, stdout } = await call('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('3 refused before anything was changed; 4 could not look');
});

const deploy = ['deploy', '--image', 'x', '--manifests', 'k8s'];

test.each([
  [['depoly'], 'unknown command "depoly"'],
  [['deploy', '--image', 'x'], '--manifests is missing'],
  [['timeline'], 'timeline takes one file that --record has written'],
  [['timeline', program], 'main.ts is not a record: Unexpected token'],
  [[...deploy, '--deadline', 'soon'], '--deadline is "soon", expected a duration'],
  [[...deploy, '--patience', 'image-not-fond=9'], 'write image-not-found=SECONDS, or another of'],
  [[...deploy, '--patience', 'quota=long'], 'the patience is "quota=long", expected quota=SECONDS'],
  [[...deploy, '--sample', 'questions.jsonl'], '--sample needs a table of signals whose "shadow" says where to ask'],
  [[...deploy, '--verify-key', 'no-such.pub'], '--verify-key cannot be read: ENOENT'],
  [[...deploy, '--verify-key', program], '--verify-key holds no key in PEM, expected Ed25519'],
  [[...deploy, '--max-flips', '10%'], '--max-flips limits how many answers to --sample may differ'],
  [[...deploy, '--despite', 'LOCKED=alone'], 'the refusal LOCKED cannot be passed'],
  [['diagnose', '--name', 'app', '--kubeconfig', 'nowhere.yaml'], 'the kubeconfig cannot be read'],
  [['diagnose', '--name', 'app', '--kubeconfig', 'x', '--cluster', 'eks'], 'name two clusters: give one of them'],
])('the wrong call %j prints the reason and exits with 2', async (args, words) => {
  const { code, stderr } = await call(...args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
});

test('without a way in, a sentence says so, with an exit code of its own and no stack', async () => {
  const { code, stderr } = await call('diagnose', '--name', 'app');
  expect(stderr).toMatch(/^there is no way into a cluster: .*\(NO_KUBECONFIG\)\n {2}next: give --kubeconfig FILE.*\n$/);
  expect(code).toBe(4);
});

test('a record becomes a picture', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'record-'));
  try {
    writeFileSync(join(folder, 'record.jsonl'), '{"seconds":1.5,"line":"1 of 1 updated"}\n');
    const { code, stdout } = await call('timeline', join(folder, 'record.jsonl'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<svg[\s\S]*1 of 1 updated[\s\S]*<\/svg>\s*$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each<[{ server: string; exec?: string[] }, RegExp]>([
  [{ server: 'https://127.0.0.1:59999' }, /ECONNREFUSED.*\n {2}next: check that the endpoint/],
  [
    {
      server: 'https://127.0.0.1:59999',
      exec: ['sh', '-c', 'echo "The SSO session associated with this profile has expired" >&2; exit 255'],
    },
    /SSO session .* has expired\n {2}next: the SSO session has ended: aws sso login/,
  ],
  [
    { server: 'https://127.0.0.1:59999', exec: ['no-such-program'] },
    /next: the program that the kubeconfig signs in with is not installed/,
  ],
])(
  'a cluster that cannot be asked (%j) ends diagnose with 4',
  async ({ server, exec }, words) => {
    const folder = mkdtempSync(join(tmpdir(), 'way-in-'));
    try {
      const [command, ...args] = exec ?? [];
      const entry = { apiVersion: 'client.authentication.k8s.io/v1', command, args };
      const config = {
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'u', user: exec ? { exec: entry } : { token: 'none' } }],
      };
      writeFileSync(join(folder, 'config'), JSON.stringify(config));
      const { code, stderr } = await call('diagnose', '--name', 'app', '--kubeconfig', join(folder, 'config'));
      expect(stderr).toMatch(words);
      expect(stderr).not.toContain('    at ');
      expect(code).toBe(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
