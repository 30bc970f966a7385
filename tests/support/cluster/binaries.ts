/** Where scripts/setup_cluster.sh has put what it built from tests/cluster/: a folder named for the sources' content. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const sources = resolve(import.meta.dirname, '../../cluster');
/** The order matters: scripts/setup_cluster.sh hashes the same files in the same order. */
const hashed = ['go.mod', 'go.sum', 'main.go', 'app/main.go', 'pause/main.go'];

export type Binary = 'kube' | 'app' | 'pause';

export function binary(name: Binary): string {
  return join(folder(), name);
}

/** The script moves the finished folder into place, so it is never half there. */
export function isBuilt(): boolean {
  return existsSync(folder());
}

/** For a cluster of KUBECONFIG_TEST the script compiles the app alone. */

function folder(): string {
  const hash = createHash('sha256');
  for (const file of hashed) hash.update(readFileSync(join(sources, file)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const all = join(cache, 'sentiment-pipeline', `cluster-${hash.digest('hex').slice(0, 16)}`);
  return process.env.KUBECONFIG_TEST && !existsSync(all) ? `${all}-app` : all;
}
