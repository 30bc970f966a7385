/** An image of the real service with a small model, as the Dockerfile makes one, without a container engine. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { layerOfFiles, type PushedImage, push, type Registry } from './cluster.ts';
import { createTestModel } from './service.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

/** Pushes it as sentiment:<tag>: this machine's Node with the libraries it is linked to, the bundle, the model. */
export async function pushService(registry: Registry, tag: string): Promise<PushedImage> {
  const model = await createTestModel();
  const bundle = await mkdtemp(join(tmpdir(), 'bundle-'));
  try {
    await run(process.execPath, [join(root, 'scripts/bundle.ts'), bundle]);
    const node = { 'usr/local/bin/node': process.execPath, ...(await libraries(process.execPath)) };
    const app = (await readdir(bundle)).map((name) => [`app/${name}`, join(bundle, name)]);
    const layers = [
      await layerOfFiles(node),
      await layerOfFiles({ ...Object.fromEntries(app), 'app/model.bin': model.path }),
    ];
    return await push(registry, {
      name: 'sentiment',
      tag,
      layers,
      config: {
        Entrypoint: ['/usr/local/bin/node', '/app/main.mjs'],
        Env: ['HOST=0.0.0.0', 'MODEL_URI=/app/model.bin', 'NODE_ENV=production'],
        User: '1000:1000',
        WorkingDir: '/app',
      },
    });
  } finally {
    await rm(bundle, { recursive: true, force: true });
    await model.remove();
  }
}

/** Where the program will look for them, without the first slash. ldd(1) */
async function libraries(program: string): Promise<Record<string, string>> {
  const { stdout } = await run('ldd', [program]);
  const paths = stdout.match(/\/\S+/g) ?? [];
  return Object.fromEntries(paths.map((path) => [path.slice(1), path]));
}
