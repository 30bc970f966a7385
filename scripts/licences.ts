/** The packages in a bundle, and their licences. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the package.json of an installed package says. */
export type Package = { folder: string; name: string; version: string; licence: string; author: string };

/** The installed packages among the modules, which are paths: each once. */
export function packagesOf(modules: string[]): Package[] {
  const folders = modules.map((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders)]
    .filter((each) => each !== undefined)
    .map((folder) => {
      const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return { folder, name, version, licence: license, author: author?.name ?? author ?? name };
    });
}

/** Name, version and licence text of each package among the modules; MIT and others demand that copies carry them. */
export function licencesOf(modules: string[]): string {
  const texts = packagesOf(modules).map(({ folder, name, version, licence, author }) => {
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `by ${author}`;
    return `${name} ${version} (${licence})\n\n${text}\n`;
  });
  return texts.sort().join(`\n${'-'.repeat(80)}\n\n`);
}
