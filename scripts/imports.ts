/** Which product file imports which, type imports included: what the structure's test checks and its picture shows. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

export const sourceFolders = ['ml', 'service', 'cli', 'scripts', 'bench', 'ci'];

/** Path from the root and text of all product TypeScript: no tests, no data of tests, nothing that Dagger generates. */
export function readSources(): Map<string, string> {
  const files = globSync(`{${sourceFolders.join()}}/**/*.ts`, {
    cwd: root,
    exclude: ['**/node_modules', '**/testdata', 'ci/sdk', '**/*.test.ts'],
  });
  return new Map(files.sort().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

/** What each file imports or exports from: paths from the root, and names of packages. */
export function readImports(sources: Map<string, string>): Map<string, string[]> {
  return new Map([...sources].map(([file, text]) => [file, importsOf(file, text)]));
}

function importsOf(file: string, text: string): string[] {
  // Biome's format is given: an import or export begins a line, and its path is in single quotes.
  const pattern =
    /^(?:import|export)\s(?:(?:(?!\n(?:import|export)\s)[^'";])*?\bfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  const names = [...text.matchAll(pattern)].map(([, fixed, lazy]) => fixed ?? lazy);
  return names.map((name) => (name.startsWith('.') ? join(dirname(file), name) : name));
}
