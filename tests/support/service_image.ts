/** An image of the real service with a small model, as the Dockerfile makes one, without a container engine. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { stampFacts } from '../../ml/model/artifact.ts';
import type { ModelFacts } from '../../ml/model/types.ts';
import { layerOfFiles, type PushedImage, push, type Registry } from './cluster.ts';
import { entrypoint } from './image_start.ts';
import { createTestModel } from './service.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

/**
 * Pushes it as sentiment:<tag>: this machine's Node with the libraries it is linked to, the bundle, the model. `facts` are
 * stamped into the model, as register_model does.
 */
export async function pushService(registry: Registry, tag: string, facts?: Partial<ModelFacts>): Promise<PushedImage> {
  const model = await createTestModel();
  const path = `${model.path}.stamped`;
  if (facts) stampFacts(model.path, path, facts);
  const bundle = await mkdtemp(join(tmpdir(), 'bundle-'));
  try {
    await run(process.execPath, [join(root, 'scripts/bundle.ts'), bundle]);
    const entries = await readdir(bundle, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const app = files.map((file) => [join('app', relative(bundle, file)), file]);
    const layers = [
      await layerOfFiles(await nodeFiles()),
      await layerOfFiles({ ...Object.fromEntries(app), 'app/model.bin': facts ? path : model.path }),
    ];
    return await push(registry, {
      name: 'sentiment',
      tag,
      layers,
      config: {
        Entrypoint: entrypoint,
        Env: ['HOST=0.0.0.0', 'MODEL_URI=/app/model.bin', 'NODE_ENV=production'],
        User: '10001:10001',
        WorkingDir: '/app',
      },
    });
  } finally {
    await rm(bundle, { recursive: true, force: true });
    await model.remove();
  }
}

/** This machine's Node as usr/local/bin/node, with the libraries where it will look for them. ldd(1) */
export async function nodeFiles(): Promise<Record<string, string>> {
  const { stdout } = await run('ldd', [process.execPath]);
  const libraries = stdout.match(/\/\S+/g) ?? [];
  return Object.fromEntries([
    ['usr/local/bin/node', process.execPath],
    ...libraries.map((path) => [path.slice(1), path]),
  ]);
}
