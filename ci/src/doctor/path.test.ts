import { expect, test } from 'vitest';
import { copies, examinePath } from './path.ts';

/** Files by what they lead to, and what those say. */
function machine(files: Record<string, string>, versions: Record<string, string> = {}) {
  return { program: (path: string) => files[path], version: async (path: string) => versions[files[path]] };
}

test('links to one file are one copy, and only what runs counts', () => {
  const { program } = machine({ '/a/node': '/opt/node', '/b/node': '/opt/node', '/d/node': '/usr/node' });
  expect(copies('node', '/a:/b:/c::/d', { program })).toEqual(['/a/node', '/d/node']);
});

test('an older copy that hides a newer one is a fault, with the folder that is to come first', async () => {
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

test('a newer copy before an older one is only told', async () => {
  const probe = machine({ '/a/node': 'n24', '/b/node': 'n20' }, { n24: 'v24.1.0', n20: 'v20.20.2' });
  expect(await examinePath('/a:/b', probe, ['node'])).toEqual([
    { what: 'PATH: node is /a/node (24.1.0), before /b/node (20.20.2)' },
  ]);
});

test('a copy that does not say its version may be the newer one', async () => {
  const probe = machine({ '/a/dvc': 'a', '/b/dvc': 'b' }, { a: '3.67.1' });
  expect((await examinePath('/a:/b', probe, ['dvc']))[0].problem).toContain('/b/dvc (version unknown)');
});

test('one of each is one line', async () => {
  const probe = machine({ '/a/node': 'n' });
  expect(await examinePath('/a:/b', probe, ['node', 'npm'])).toEqual([{ what: 'PATH: no second copy of node, npm' }]);
});
