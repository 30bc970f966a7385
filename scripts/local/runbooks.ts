/** Where this clone's docs/runbook is read: the alerts' links begin with it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An address on the host of the clone's remote `origin`; on this machine where there is none or its pages are not known. */
export function runbooks(root: string): string {
  const { status, stdout } = spawnSync('git', ['remote', 'get-url', 'origin'], { cwd: root, encoding: 'utf8' });
  return (status === 0 && runbooksAt(stdout.trim())) || pathToFileURL(join(root, 'docs/runbook')).href;
}

/**
 * From a remote such as git@github.com:owner/name.git or https://user:token@gitlab.com/group/name, without its user and
 * token. HEAD is the default branch, whatever its name. Undefined for hosts of which neither GitHub nor GitLab is the name.
 */
export function runbooksAt(remote: string): string | undefined {
  const [, host, path] =
    /^(?:\w+:\/\/)?(?:[^@/]+@)?([\w.-]+)(?::\d+)?[:/]+([\w.~/-]+?)(?:\.git)?\/?$/.exec(remote) ?? [];
  if (host === undefined || !path.includes('/')) return undefined;
  if (/^github\./.test(host)) return `https://${host}/${path}/blob/HEAD/docs/runbook`;
  if (/^gitlab\./.test(host)) return `https://${host}/${path}/-/blob/HEAD/docs/runbook`;
  return undefined;
}
