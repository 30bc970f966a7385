/** Where the pages about causes are on this machine: beside the tool, wherever its user stands. */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

// In the package the pages are beside the program, in the repository in docs/.
const folders = ['runbook', '../../../docs/runbook'].map((path) => resolve(import.meta.dirname, path));

/** A text of ours, or JSON, with the paths of its pages as they are found from here. */
export function withPages(text: string, from = process.cwd()): string {
  const folder = folders.find((path) => existsSync(path));
  if (folder === undefined) return text;
  return text.replaceAll(/(more: |"runbook": ")docs\/runbook\/([a-z-]+\.md)/g, (_, before, page) => {
    const near = relative(from, join(folder, page));
    return `${before}${near.startsWith('..') ? join(folder, page) : near}`;
  });
}
