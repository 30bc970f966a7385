/**
 * The blocks of commands in the pages. A comment before a block says what becomes of it:
 *
 *     <!-- run: command line -->     tests/commands.test.ts runs it as printed
 *     <!-- not run: REASON -->       why no test can
 */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export type Block = {
  page: string;
  line: number;
  text: string;
  /** Undefined without a comment. */
  run?: string | undefined;
  reason?: string | undefined;
};

export function commandBlocks(): Block[] {
  const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root }).sort()];
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8');
    return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => {
      const before = text.slice(0, match.index);
      const [, not, kind] = /<!-- (not )?run: ([^>]+) -->\n\n?$/.exec(before) ?? [];
      return {
        page,
        line: before.split('\n').length,
        text: match[1],
        run: not ? undefined : kind,
        reason: not ? kind : undefined,
      };
    });
  });
}
