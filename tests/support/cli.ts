/** Runs `sentiment` as a person does: the program, its arguments, what it says and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';

export const root = resolve(import.meta.dirname, '../..');

export type CliResult = { code: number | null; stdout: string; stderr: string };

/** `input` is what stdin holds, `env` is added to the environment. */
export async function runCli(
  args: string[],
  { input = '', env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<CliResult> {
  const child = startCli(args, env);
  child.stdin?.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return { code, stdout, stderr };
}

/** The caller ends it. */
export function startCli(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, ['cli/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A program may end before it has read all of its input.
  child.stdin?.on('error', () => {});
  return child;
}

/** It ended with this code and said these words, in sentences: without a stack trace. */
export function expectFailure(result: CliResult, code: number, ...words: string[]): void {
  expect(result.stderr).not.toContain('    at ');
  for (const word of words) expect(result.stderr).toContain(word);
  expect(result.code).toBe(code);
}
