/**
 * `node scripts/package.ts FOLDER`: the deployer of ci/ as an npm package, for applications that are not ours. Node strips no
 * types under node_modules, so it is bundled as plain JavaScript, with what it imports: nothing is installed beside it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { runMain, SentimentError, usageError } from '../ml/errors.ts';
import { licencesOf } from './licences.ts';

const root = resolve(import.meta.dirname, '..');

/** The bundler does not follow a require made by createRequire; without that call it follows the global one. */
const CALL = 'createRequire(import.meta.url)(';
const followRequire: Plugin = {
  name: 'follow-require',
  transform: {
    filter: { id: /\/kubernetes\/client\.ts$/ },
    handler(code) {
      if (!code.includes(CALL)) throw new SentimentError('BUNDLE', `ci/src/kubernetes/client.ts has no "${CALL}"`);
      return code.replace(CALL, 'require(');
    },
  },
};

await runMain(async () => {
  const [folder, ...rest] = process.argv.slice(2);
  if (!folder || rest.length > 0)
    throw usageError('ARGUMENTS', 'expected one folder to write to', 'node scripts/package.ts dist');
  const content = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    await bundle(content);
    cpSync(join(root, 'ci/npm/package.json'), join(content, 'package.json'));
    cpSync(join(root, 'ci/README.md'), join(content, 'README.md'));
    cpSync(join(root, 'LICENSE'), join(content, 'LICENSE'));
    mkdirSync(join(content, 'runbook'));
    for (const page of globSync(join(root, 'docs/runbook/*.md'))) {
      if (!basename(page).startsWith('alert-')) cpSync(page, join(content, 'runbook', basename(page)));
    }
    mkdirSync(folder, { recursive: true });
    const args = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', resolve(folder)];
    const name = execFileSync('npm', args, { cwd: content, encoding: 'utf8' }).trim();
    console.log(join(folder, name));
  } finally {
    rmSync(content, { recursive: true });
  }
});

async function bundle(folder: string): Promise<void> {
  const build = await rolldown({
    cwd: join(root, 'ci'),
    input: { main: 'src/deploy/main.ts', index: 'rollout.ts' },
    platform: 'node',
    plugins: [followRequire],
    onLog(_level, log) {
      // Otherwise it would only be missed when the program runs.
      if (log.code === 'UNRESOLVED_IMPORT') throw new SentimentError('BUNDLE', `rolldown: ${log.message}`);
    },
  });
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
    minify: 'dce-only',
    banner: (chunk) => (chunk.name === 'main' ? '#!/usr/bin/env node' : ''),
  });
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  writeFileSync(join(folder, 'THIRD_PARTY_LICENSES.txt'), licencesOf(modules));
}
