/** The address of a repository, from its `.git/config`. */

/** As a browser opens it; a user name and password in it are left out. Empty for a path, or without a remote "origin". */
export function originOf(config: string): string {
  const lines = config.split('\n').map((line) => line.trim());
  const start = lines.indexOf('[remote "origin"]');
  if (start < 0) return '';
  const section = lines.slice(start + 1);
  const end = section.findIndex((line) => line.startsWith('['));
  const line = section.slice(0, end < 0 ? undefined : end).find((each) => each.startsWith('url ='));
  const url = line?.slice('url ='.length).trim() ?? '';
  const isShort = !url.includes('://') && url.includes('@') && url.includes(':');
  // git@host:path is ssh://git@host/path.
  const full = isShort ? `ssh://${url.replace(':', '/')}` : url;
  if (!URL.canParse(full)) return '';
  const { protocol, hostname, host, pathname } = new URL(full);
  const path = pathname.endsWith('.git') ? pathname.slice(0, -'.git'.length) : pathname;
  if (protocol === 'ssh:') return `https://${hostname}${path}`;
  return protocol === 'https:' || protocol === 'http:' ? `${protocol}//${host}${path}` : '';
}
