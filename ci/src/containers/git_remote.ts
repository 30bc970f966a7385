/** The address of a repository, from its `.git/config`. */

/** As a browser opens it; a user name and password in it are left out. Empty for a path, or without a remote "origin". */
export function originOf(config: string): string {
  const [, section = ''] = /\[remote "origin"\]([^[]*)/.exec(config) ?? [];
  const [, url = ''] = /^\s*url\s*=\s*(\S+)/m.exec(section) ?? [];
  const [, host, path] = /^(?:ssh:\/\/)?(?:[\w.-]+@)([\w.-]+)(?::\d+)?[:/](.+?)(?:\.git)?$/.exec(url) ?? [];
  if (host !== undefined) return `https://${host}/${path}`;
  if (!/^https?:/.test(url) || !URL.canParse(url)) return '';
  const { protocol, host: server, pathname } = new URL(url);
  return `${protocol}//${server}${pathname.replace(/(?:\.git)?\/?$/, '')}`;
}
