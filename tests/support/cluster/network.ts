/** The cable between this machine and a cluster's own network: a veth pair, which the kernel removes with that network. */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

export type Cable = { host: string; address: string };

/** Two addresses of a /30 network that this machine has no way to yet, 10.200.0.0 to 10.243.255.255. RFC 1918 */
export function freeAddresses(): Cable {
  for (let tries = 0; tries < 100; tries++) {
    const base = `10.${200 + randomInt(44)}.${randomInt(256)}`;
    const last = 4 * randomInt(64);
    const cable = { host: `${base}.${last + 1}`, address: `${base}.${last + 2}` };
    if (!isDirectlyReachable(cable.address)) return cable;
  }
  throw new Error('this machine has a network of its own at each of 100 addresses in 10.200.0.0 to 10.243.255.255');
}

/** Lays the cable from here to the network namespace of the process. Fails when the process has gone. */
export function layCable(pid: number, { host }: Cable): void {
  const name = `kube${process.pid}`;
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'node0', 'netns', String(pid));
  ip('address', 'add', `${host}/30`, 'dev', name);
  ip('link', 'set', name, 'up');
}

/** Without a router in between: such an address belongs to some other network of this machine. */
function isDirectlyReachable(address: string): boolean {
  try {
    return !ip('-oneline', 'route', 'get', address).includes(' via ');
  } catch {
    return false;
  }
}

export function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
