import { expect, test } from 'vitest';
import { originOf } from './git_remote.ts';

const config = (url: string) =>
  `[core]\n\tbare = false\n[remote "fork"]\n\turl = https://other.example/x\n[remote "origin"]\n\turl = ${url}\n\tfetch = +refs/*\n[branch "main"]\n`;

test.each([
  ['https://git.example.com/team/app.git', 'https://git.example.com/team/app'],
  ['https://user:hunter2@git.example.com:8443/team/app', 'https://git.example.com:8443/team/app'],
  ['git@git.example.com:team/app.git', 'https://git.example.com/team/app'],
  ['ssh://git@git.example.com:22/team/app.git', 'https://git.example.com/team/app'],
  ['/srv/git/app', ''],
])('the remote %s is published at "%s"', (url, address) => {
  expect(originOf(config(url))).toBe(address);
});

test('without a remote there is no address', () => {
  expect(originOf('[core]\n\tbare = false\n')).toBe('');
});
