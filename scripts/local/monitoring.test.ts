import { expect, test } from 'vitest';
import { runbooksAt } from './monitoring.ts';

test.each([
  ['git@github.com:owner/name.git', 'https://github.com/owner/name/blob/HEAD/docs/runbook'],
  ['ssh://git@github.com:22/owner/name', 'https://github.com/owner/name/blob/HEAD/docs/runbook'],
  ['https://github.com/owner/na.me.git', 'https://github.com/owner/na.me/blob/HEAD/docs/runbook'],
  ['https://gitlab.com/group/sub/name/', 'https://gitlab.com/group/sub/name/-/blob/HEAD/docs/runbook'],
])('the runbooks of %s are at %s', (remote, address) => {
  expect(runbooksAt(remote)).toBe(address);
});

test("leaves out a remote's user and token", () => {
  expect(runbooksAt('https://user:ghp_secret@github.com/owner/name')).not.toMatch(/secret|user|@/);
});

test.each(['/srv/git/name.git', 'file:///srv/git/name', 'https://git.example.org/owner/name', 'github.com', ''])(
  'does not guess a URL for %j',
  (remote) => {
    expect(runbooksAt(remote)).toBeUndefined();
  },
);
