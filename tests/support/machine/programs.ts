/** Where scripts/setup_docker.sh has put Docker, Compose and AWS' command line: a folder named for the pins' content. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
/** The order matters: scripts/setup_docker.sh hashes the same files in the same order. */
const hashed = ['compose/go.mod', 'compose/go.sum', 'aws.txt'];

/** Holds bin/ (dockerd, docker, docker-proxy, docker-compose, busybox) and aws/, a folder of Python packages. */
export function dockerFolder(): string {
  const hash = createHash('sha256');
  for (const file of hashed) hash.update(readFileSync(join(root, 'scripts/pins', file)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'sentiment-pipeline', `docker-${hash.digest('hex').slice(0, 16)}`);
}

/** The script moves the finished folder into place, so it is never half there. */
export function dockerIsSetUp(): boolean {
  return existsSync(dockerFolder());
}
