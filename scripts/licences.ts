/** The licences of the packages in a bundle. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name, version and licence text of each package among the modules; MIT and others demand that copies carry them. */
export function licencesOf(modules: string[]): string {
  const folders = modules.map((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  const packages = [...new Set(folders)]
    .filter((each) => each !== undefined)
    .map((path) => {
      const { name, version, license, author } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
      const file = readdirSync(path).find((each) => /^licen[cs]e/i.test(each));
      const text = file ? readFileSync(join(path, file), 'utf8').trim() : `by ${author?.name ?? author ?? name}`;
      return `${name} ${version} (${license})\n\n${text}\n`;
    });
  return packages.sort().join(`\n${'-'.repeat(80)}\n\n`);
}
