/** Pages lead where they say: links to files and to headings. Addresses on the web are not tried. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((page) => existsSync(join(root, page)));

const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
const withoutCode = (text: string) => text.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');

/** As GitHub names the headings of a page. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return [
    ...textOf(page)
      .replace(/^```.*?^```/gms, '')
      .matchAll(/^#{1,6} +(.+)$/gm),
  ].map(([, heading]) => {
    const name = heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}-${count}`;
  });
}

test.each(pages)('every link in %s leads somewhere', (page) => {
  const links = [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)]
    .map(([, inline, html]) => inline ?? html)
    .filter((link) => !/^[a-z]+:/i.test(link));
  const broken = links.filter((link) => {
    const [path, anchor] = decodeURIComponent(link).split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

/** Pages of this repository that a page leads to. A folder shows the pages in it. */
function leadsTo(page: string): string[] {
  return [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s#]+)/g)]
    .map(([, link]) => join(dirname(page), link))
    .flatMap((target) => pages.filter((each) => each === target || dirname(each) === target));
}

test('README.md leads to every page of docs/ and every runbook page within three clicks', () => {
  const clicks = new Map([['README.md', 0]]);
  for (const [page, count] of clicks)
    for (const next of leadsTo(page)) if (!clicks.has(next)) clicks.set(next, count + 1);
  const far = pages.filter((page) => page.startsWith('docs/') && (clicks.get(page) ?? Infinity) > 3);
  expect(far).toEqual([]);
});

test('docs/README.md leads to every page of docs/, and README.md to it', () => {
  const index = textOf('docs/README.md');
  const missing = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && !index.includes(`](${page.slice(5)})`));
  expect(missing).toEqual(['docs/README.md']);
  expect(textOf('README.md')).toContain('](docs/README.md)');
});
