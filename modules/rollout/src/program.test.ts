import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkSecrets, optionsOf, resultOf } from './program.ts';

const reference = 'registry.example.com/shop@sha256:76ce120';

test('arguments become options of the program, a list one for each entry', () => {
  const words = { maxFlips: '10%', patience: ['quota=9', 'image-tls=0'], despite: [], bake: undefined, name: 'front' };
  expect(optionsOf(words)).toEqual(['--max-flips=10%', '--patience=quota=9', '--patience=image-tls=0', '--name=front']);
});

test('the error for a secret that cannot be read names its option', async () => {
  const readable = { plaintext: async () => 'hidden' };
  const missing = { plaintext: () => Promise.reject(new Error('open /nope: no such file or directory')) };
  await checkSecrets({ kubeconfig: readable, npmrc: undefined });
  await expect(checkSecrets({ kubeconfig: readable, dockerConfig: missing })).rejects.toThrow(
    /^the secret of --docker-config cannot be read \(SECRET\)\n {2}\| open \/nope: no such file or directory\n {2}next: /,
  );
});

test('every secret of the module is read before a container starts', () => {
  const code = readFileSync(join(import.meta.dirname, 'index.ts'), 'utf8');
  const secrets = [...code.matchAll(/^ {2}(\w+)\?: Secret;/gm)].map(([, name]) => name);
  const [, read] = /await checkSecrets\(\{([^}]*)\}/.exec(code)!;
  expect(secrets.length).toBeGreaterThan(4);
  expect(read.match(/\w+/g)?.sort()).toEqual(secrets.sort());
});

test('the module takes every option of the program', () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');
  const [, table] = /^const options = \{([\s\S]*?)^\}/m.exec(read('../../../ci/src/deploy/main.ts'))!;
  const options = [...table.matchAll(/^ {2}'?([\w-]+)'?: \{/gm)].map(([, name]) => `--${name}=x`);
  // Fields and `--allow-failure` are the module's own way; the record is a file of the caller's, and the names are ours.
  const own = ['--json=x', '--help=x', '--record=x', '--field-manager=x', '--model-version=x', '--server=x'];
  const names = [...read('index.ts').matchAll(/^ {4}(?:\/\*\* .*? \*\/ )?(\w+)\??: /gm)].map(([, name]) => [name, 'x']);
  expect(options.length).toBeGreaterThan(20);
  expect(optionsOf(Object.fromEntries(names))).toEqual(
    expect.arrayContaining(options.filter((option) => !own.includes(option))),
  );
});

test('a rollout that went back has the code and the evidence of its cause', () => {
  const told = {
    state: 'rolled back',
    report: 'rolled back: the registry has no such image (ROLLOUT_IMAGE_NOT_FOUND)',
    verdict: { code: 'ROLLOUT_IMAGE_NOT_FOUND', evidence: ['pod front-1: "not found"'] },
  };
  const printed = { exitCode: 1, stdout: JSON.stringify(told), stderr: '1 of 2 updated\n' };
  expect(resultOf(printed, reference)).toEqual({
    state: 'rolled back',
    reference,
    digest: 'sha256:76ce120',
    cause: 'ROLLOUT_IMAGE_NOT_FOUND',
    evidence: ['pod front-1: "not found"'],
    report: told.report,
    exitCode: 1,
  });
});

test('the report names the call that shows the page, which is in the container', () => {
  const report = 'rolled back: ...\n  next: kubectl\n  more: /tool/docs/runbook/crash-loop.md';
  const stdout = JSON.stringify({ state: 'rolled back', report });
  expect(resultOf({ exitCode: 1, stdout, stderr: '' }).report).toBe(
    'rolled back: ...\n  next: kubectl\n  more: page --cause=crash-loop',
  );
});

test('a refusal and an interruption have a cause too', () => {
  const refused = { state: 'refused', report: 'refused', error: { code: 'NAMESPACE', evidence: [] } };
  expect(resultOf({ exitCode: 3, stdout: JSON.stringify(refused), stderr: '' }).cause).toBe('NAMESPACE');
  const interrupted = { state: 'interrupted', report: 'interrupted', reason: 'stopped by SIGTERM' };
  expect(resultOf({ exitCode: 1, stdout: JSON.stringify(interrupted), stderr: '' }).cause).toBe('DEPLOY_INTERRUPTED');
});

test('where nothing was printed, the error is read from what was said', () => {
  const stderr = [
    'waiting for the API server',
    'the API server does not answer (CLUSTER_UNREACHABLE)',
    '  | connect ECONNREFUSED',
    '  next: check the address',
    '',
  ].join('\n');
  expect(resultOf({ exitCode: 4, stdout: '', stderr }, reference)).toMatchObject({
    state: 'failed',
    cause: 'CLUSTER_UNREACHABLE',
    evidence: ['connect ECONNREFUSED'],
    report: stderr.trimEnd().split('\n').slice(1).join('\n'),
    exitCode: 4,
  });
  const usage = { exitCode: 2, stdout: '', stderr: '--image is missing\n\nusage: ...\n' };
  expect(resultOf(usage)).toMatchObject({ cause: 'USAGE', report: '--image is missing', exitCode: 2 });
  const killed = { exitCode: 137, stdout: '', stderr: 'waiting\n' };
  expect(resultOf(killed)).toMatchObject({ cause: 'FAILED', report: 'waiting', exitCode: 137 });
});
