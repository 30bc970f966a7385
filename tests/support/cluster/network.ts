/** The cable between this machine and a network of a test: a veth pair, which the kernel removes with that network. */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

export type Cable = { host: string; address: string };

/** Two addresses of a /30 network that this machine has no route to yet, from 10.200.0.0 to 10.243.255.255. RFC 1918 */
export function freeAddresses(): Cable {
  for (let tries = 0; tries < 100; tries++) {
    const base = `10.${200 + randomInt(44)}.${randomInt(256)}`;
    const last = 4 * randomInt(64);
    const cable = { host: `${base}.${last + 1}`, address: `${base}.${last + 2}` };
    if (!isDirectlyReachable(cable.address)) return cable;
  }
  throw new Error(
    'no free network for a test: this machine has a route to each of 100 addresses tried in 10.200.0.0 to 10.243.255.255',
  );
}

/** Name of this process's end of its cable, as `ip link` has it. */
export const cableName = `kube${process.pid}`;

/** Lays the cable from here to the network namespace of the process. Throws when the process has ended. */
export function layCable(pid: number, { host }: Cable): void {
  const name = cableName;
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'node0', 'netns', String(pid));
  ip('address', 'add', `${host}/30`, 'dev', name);
  ip('link', 'set', name, 'up');
}

/**
 * Removes both ends at once. The kernel removes the cable too, some time after the last process of the other network has
 * ended: under load that is too late for a new cable with the same name and address.
 */
export function removeCable(): void {
  try {
    ip('link', 'delete', cableName);
  } catch {
    // It is gone already.
  }
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
