/** The Python environment of the peers: bench/peers/requirements.txt, pinned by hash, in its own folder. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SentimentError } from '../ml/errors.ts';
import { programEnvironment, runProgram } from '../scripts/local/programs.ts';
import { benchFile, peersFolder, root } from './child.ts';

const OWN_UV = join(root, '.tools/uv/bin/uv');
const REQUIREMENTS = join(peersFolder, 'requirements.txt');

export type Peers = { python: string; gunicorn: string };

/** Takes seconds if the environment is up to date. Throws BENCH_PEERS with the end of uv's output. */
export async function preparePeers(): Promise<Peers> {
  const venv = benchFile('venv');
  const peers = { python: join(venv, 'bin/python'), gunicorn: join(venv, 'bin/gunicorn') };
  const stamp = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const stampFile = join(venv, '.stamp');
  if (readOr(stampFile) === stamp) return peers;
  process.stderr.write('installing the peers (scikit-learn, Flask, gunicorn) ...\n');
  await uv(['venv', '--quiet', '--clear', '--python', join(root, '.venv/bin/python'), venv]);
  await uv(['pip', 'sync', '--quiet', '--python', peers.python, '--require-hashes', REQUIREMENTS]);
  writeFileSync(stampFile, stamp);
  return peers;
}

async function uv(args: string[]): Promise<void> {
  const said: string[] = [];
  const code = await runProgram({
    command: [existsSync(OWN_UV) ? OWN_UV : 'uv', ...args],
    root,
    env: { ...programEnvironment(root), ...indexSettings() },
    cancelled: new AbortController().signal,
    onLine: (line) => said.push(line),
  });
  if (code === 0) return;
  throw new SentimentError('BENCH_PEERS', `uv ${args[0]} ended with exit code ${code}`, {
    cause: new Error(said.slice(-5).join('\n')),
    next: 'run make setup, and check that this machine can reach its Python package index',
  });
}

/** pip's settings of this machine, as scripts/setup.sh found them, because uv does not read those. */
function indexSettings(): Record<string, string> {
  const settings = readOr(join(root, '.tools/uv/pip.conf')) ?? '';
  const value = (name: string) => new RegExp(`\\.${name}='(.*)'`).exec(settings)?.[1];
  const index = value('index-url');
  const extra = value('extra-index-url')?.replaceAll('\\n', ' ');
  const cert = value('cert');
  return {
    ...(index === undefined ? {} : { UV_DEFAULT_INDEX: index }),
    ...(extra === undefined ? {} : { UV_INDEX: extra }),
    ...(cert === undefined ? {} : { SSL_CERT_FILE: cert }),
    ...process.env,
  } as Record<string, string>;
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
