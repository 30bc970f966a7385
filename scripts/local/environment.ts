/** The environment of every program that `make run` starts: the user's, with the project's programs first on the PATH. */
import { delimiter, resolve } from 'node:path';
import { paths } from '../../ml/stages/paths.ts';

export type Environment = Record<string, string | undefined>;

/** `root` is the repository's folder. Settings that the user has made stay. */
export function programEnvironment(root: string, env: Environment = process.env): Environment {
  const own = ['.tools/bin', 'node_modules/.bin', '.venv/bin'].map((folder) => resolve(root, folder));
  const dvc = resolve(root, paths.local, 'dvc');
  return {
    // DVC runs as this repository configures it, whatever the machine's other projects do.
    DVC_NO_ANALYTICS: '1',
    DVC_GLOBAL_CONFIG_DIR: resolve(dvc, 'global'),
    DVC_SYSTEM_CONFIG_DIR: resolve(dvc, 'system'),
    DVC_SITE_CACHE_DIR: resolve(dvc, 'site'),
    // Company certificates in the system's store count for Node as they do for pip and curl.
    NODE_USE_SYSTEM_CA: '1',
    // Containers run under numbers that have no name, where DVC asks for one and fails.
    USER: 'user',
    ...env,
    PATH: [...own, env.PATH ?? ''].join(delimiter),
    // MLflow starts twice as fast when Python may keep what it has compiled.
    PYTHONDONTWRITEBYTECODE: '',
    PYTHONUNBUFFERED: '1',
  };
}
