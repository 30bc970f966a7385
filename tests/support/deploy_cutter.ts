/** A TCP proxy in front of an API server that can cut all its connections. */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { listen } from './listen.ts';

export type Cutter = {
  /** The administrator's kubeconfig with the address of the proxy. */
  kubeconfig: string;
  /** Resets every open connection in the middle of its traffic; returns how many. */
  cut(): number;
  /** Refuses every connection for so many milliseconds. */
  away(ms: number): Promise<void>;
  stop(): Promise<void>;
};

type Kubeconfig = { clusters: { cluster: Record<string, unknown> & { server: string } }[] };

/** Writes the kubeconfig to the folder. */
export async function startCutter(kubeconfig: string, folder: string): Promise<Cutter> {
  const config: Kubeconfig = parse(readFileSync(kubeconfig, 'utf8'));
  const [{ cluster }] = config.clusters;
  const { hostname, port } = new URL(cluster.server);
  const open = new Set<Socket>();
  let isAway = false;
  const server = createServer((inward) => {
    if (isAway) return void inward.destroy();
    const outward = connect(Number(port), hostname);
    for (const [one, other] of [
      [inward, outward],
      [outward, inward],
    ]) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const own = await listen(server);
  // The server's certificate is for its own address.
  cluster.server = `https://127.0.0.1:${own}`;
  cluster['insecure-skip-tls-verify'] = true;
  delete cluster['certificate-authority-data'];
  const path = join(folder, 'cut.kubeconfig');
  writeFileSync(path, stringify(config), { mode: 0o600 });
  const cut = () => {
    const count = open.size / 2;
    for (const socket of open) socket.resetAndDestroy();
    return count;
  };
  return {
    kubeconfig: path,
    cut,
    async away(ms) {
      isAway = true;
      cut();
      await sleep(ms);
      isAway = false;
    },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
