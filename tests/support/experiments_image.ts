/** The image of ml/experiments/Dockerfile, without a container engine: this machine's Node, packages, ml/ and settings. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { layerOfFiles, type PushedImage, push, type Registry } from './cluster.ts';
import { nodeFiles } from './service_image.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

/** Pushes it as experiments:test. `settings` holds params.yaml, experiments.yaml and the texts that they name. */
export async function pushExperiments(registry: Registry, settings: string): Promise<PushedImage> {
  const code = [
    await filesBelow(root, join(root, 'ml')),
    ...(await Promise.all((await packages()).map((folder) => filesBelow(root, folder)))),
    await filesBelow(settings, settings),
    { 'src/package.json': join(root, 'package.json') },
  ];
  return push(registry, {
    name: 'experiments',
    tag: 'test',
    layers: [await layerOfFiles(await nodeFiles()), await layerOfFiles(Object.assign({}, ...code))],
    config: { Entrypoint: ['/usr/local/bin/node', 'ml/experiments/main.ts'], User: '10001:10001', WorkingDir: '/src' },
  });
}

/** Folders of what `npm ci --omit=dev` installs. */
async function packages(): Promise<string[]> {
  const { stdout } = await run('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: root });
  return stdout.trim().split('\n').slice(1);
}

/** Where they are in the image, and here. */
async function filesBelow(base: string, folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((file) => [join('src', relative(base, file)), file]));
}
