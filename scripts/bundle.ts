/**
 * `node scripts/bundle.ts FOLDER`: the service as a few plain JavaScript files that need nothing from node_modules, for
 * the image, with licences and bill of materials of the bundled packages. No types are left to strip at the start, and of natural (77 MB
 * with its dependencies) only the tokenizers and stemmers are in the bundle. Beside it are the files of the API's viewer.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { runMain, SentimentError, usageError } from '../ml/errors.ts';
import { VIEWER_FOLDER } from '../service/page/viewer.ts';
import { billOf } from './bill.ts';
import { licencesOf } from './licences.ts';

const root = resolve(import.meta.dirname, '..');

/** The bundler does not follow a require made by createRequire; without that line it follows the global one. */
const LINE = 'const require = createRequire(import.meta.url);';
const followRequire: Plugin = {
  name: 'follow-require',
  transform: {
    filter: { id: /\/ml\/text\/natural\.ts$/ },
    handler(code) {
      if (!code.includes(LINE)) throw new SentimentError('BUNDLE', `ml/text/natural.ts has no line "${LINE}"`);
      return code.replace(LINE, '');
    },
  },
};

await runMain(async () => {
  const [folder, ...rest] = process.argv.slice(2);
  if (!folder || rest.length > 0)
    throw usageError('ARGUMENTS', 'expected one folder to write to', 'node scripts/bundle.ts dist');
  rmSync(folder, { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: root,
    input: { main: 'service/main.ts', healthcheck: 'service/healthcheck.ts', batch: 'cli/batch_main.ts' },
    platform: 'node',
    plugins: [followRequire],
    onLog(_level, log) {
      // Otherwise it would only be missed when the service runs.
      if (log.code === 'UNRESOLVED_IMPORT') throw new SentimentError('BUNDLE', `rolldown: ${log.message}`);
    },
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
    minify: 'dce-only',
  });
  for (const file of output) {
    if (file.type === 'chunk') console.log(`${file.fileName}: ${Math.ceil(Buffer.byteLength(file.code) / 1024)} kB`);
  }
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  modules.push(...copyViewer(join(folder, VIEWER_FOLDER)));
  writeFileSync(join(folder, 'THIRD_PARTY_LICENSES.txt'), licencesOf(modules));
  writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(billOf(modules), undefined, 1)}\n`);
});

/** The files of the API's viewer, which the browser loads as they are. Returns where they come from. */
function copyViewer(to: string): string[] {
  const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/swagger-ui.css'));
  mkdirSync(to);
  return ['swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.css', 'NOTICE'].map((name) => {
    copyFileSync(join(from, name), join(to, name));
    return join(from, name);
  });
}
