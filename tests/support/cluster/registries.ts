/** The registries of a cluster, and the host names under which its node finds them. */
import { join } from 'node:path';
import { writeText } from '../../../ml/files.ts';
import { credentials, type Facts, imagesHostOf, ports } from './facts.ts';
import type { Registry } from './image.ts';

export type Registries = {
  open: Registry;
  /** Demands the user and password that moto's ECR issues, to push and to pull. */
  password: Required<Registry>;
  /** Answers 403 to everything. */
  forbidden: Registry;
  /** Answers 429 to everything. */
  busy: Registry;
  /** Speaks TLS with a certificate that the node does not trust. */
  untrusted: Registry;
};

export function registriesOf(facts: Facts): Registries {
  const at = (port: number): Registry => ({ host: `${facts.address}:${port}` });
  const { open, password, forbidden, busy, untrusted } = ports.registries;
  return {
    open: at(open),
    password: { ...at(password), user: credentials.user, password: credentials.password },
    forbidden: at(forbidden),
    busy: at(busy),
    untrusted: at(untrusted),
  };
}

/**
 * containerd reads the file at each pull. Plain HTTP, except for the untrusted one, for which containerd's
 * default for unknown hosts holds. https://github.com/containerd/containerd/blob/release/1.6/docs/hosts.md
 */
export function serveAs(
  facts: Facts,
  host: string,
  registry: Registry,
  known?: { user: string; password: string },
): void {
  const scheme = registry.host.endsWith(`:${ports.registries.untrusted}`) ? 'https' : 'http';
  const basic = known && Buffer.from(`${known.user}:${known.password}`).toString('base64');
  const header = basic === undefined ? '' : `[header]\n  authorization = "Basic ${basic}"\n`;
  writeText(
    join(imagesHostOf(facts), host, 'hosts.toml'),
    `server = "${scheme}://${registry.host}"\n${header}[host]\n`,
  );
}

/** Under their own names: containerd would speak TLS to what is not on its loopback. */
export function serveAllAsThemselves(facts: Facts): void {
  for (const registry of Object.values(registriesOf(facts))) serveAs(facts, registry.host, registry);
}
