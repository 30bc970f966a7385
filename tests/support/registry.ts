/** A real registry (docker-registry) on a free loopback port, which requires the password that moto's ECR issues. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from './cluster/facts.ts';
import { freePort } from './listen.ts';
import { programPath } from './need.ts';
import { start } from './process.ts';

export type RegistryServer = {
  /** 127.0.0.1 with its port. */
  host: string;
  stop(): Promise<void>;
};

const TIMEOUT = 20_000;

/** Starts a registry and returns when it answers. The caller must stop it. */
export async function startRegistry(): Promise<RegistryServer> {
  const program = programPath('docker-registry');
  if (program === undefined) throw new Error('docker-registry is not installed: ask need("docker-registry") first');
  const folder = mkdtempSync(join(tmpdir(), 'registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const htpasswd = join(folder, 'htpasswd');
  writeFileSync(htpasswd, `${credentials.htpasswd}\n`);
  const settings = join(folder, 'settings.json');
  writeFileSync(
    settings,
    JSON.stringify({
      version: 0.1,
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'images') } },
      http: { addr: host },
      auth: { htpasswd: { realm: 'test', path: htpasswd } },
    }),
  );
  const server = start(program, ['serve', settings], { cwd: folder });
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + TIMEOUT;
  // It answers 401 without the password, which shows that it runs.
  while ((await fetch(`http://${host}/v2/`).catch(() => undefined))?.status !== 401) {
    if (Date.now() > deadline || server.child.exitCode !== null) {
      await stop();
      throw new Error(`docker-registry did not start:\n${server.output()}`);
    }
    await sleep(20);
  }
  return { host, stop };
}
