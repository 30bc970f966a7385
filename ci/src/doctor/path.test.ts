import { expect, test } from 'vitest';
import { copies, examinePath, withoutProject } from './path.ts';

/** `files` maps a path to the file behind its links, `versions` that file to its output. */
function machine(files: Record<string, string>, versions: Record<string, string> = {}) {
  return { program: (path: string) => files[path], version: async (path: string) => versions[files[path]] };
}

test('links to the same file are one copy, and only executable files count', () => {
  const { program } = machine({ '/a/node': '/opt/node', '/b/node': '/opt/node', '/d/node': '/usr/node' });
  expect(copies('node', '/a:/b:/c::/d', { program })).toEqual(['/a/node', '/d/node']);
});

test('an older copy that hides a newer one is a fault; the finding says which folder to put first', async () => {
  const probe = machine(
    { '/a/eksctl': '/a/eksctl', '/b/eksctl': '/b/eksctl' },
    { '/a/eksctl': '0.99.0', '/b/eksctl': '0.230.0' },
  );
  expect(await examinePath('/a:/b', probe, ['eksctl', 'node'])).toEqual([
    {
      what: 'PATH: eksctl is /a/eksctl (0.99.0)',
      problem: 'it hides /b/eksctl (0.230.0)',
      next: 'remove /a/eksctl, or put /b before it in the PATH',
    },
  ]);
});

test('a newer copy before an older one is no fault', async () => {
  const probe = machine({ '/a/node': 'n24', '/b/node': 'n20' }, { n24: 'v24.1.0', n20: 'v20.20.2' });
  expect(await examinePath('/a:/b', probe, ['node'])).toEqual([
    { what: 'PATH: node is /a/node (24.1.0), before /b/node (20.20.2)' },
  ]);
});

test('a copy with an unknown version may be newer', async () => {
  const probe = machine({ '/a/dvc': 'a', '/b/dvc': 'b' }, { a: '3.67.1' });
  expect((await examinePath('/a:/b', probe, ['dvc']))[0].problem).toContain('/b/dvc (version unknown)');
});

test('one copy of each tool is one line', async () => {
  const probe = machine({ '/a/node': 'n' });
  expect(await examinePath('/a:/b', probe, ['node', 'npm'])).toEqual([{ what: 'PATH: at most one copy of node, npm' }]);
});

test("the project's own programs are left out: they are pinned, and come first only inside make", async () => {
  const path = '/project/.tools/bin:/project/node_modules/.bin:/workshop/bin:/usr/bin';
  expect(withoutProject(path, '/project')).toBe('/workshop/bin:/usr/bin');
});
