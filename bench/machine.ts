/** What the figures of a bench depend on besides the code. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { runJson } from './child.ts';
import { root } from './folder.ts';
import type { Peers } from './peers.ts';

export type Machine = {
  processor: string;
  cores: number;
  gigabytes: number;
  /** Mean number of processes that wanted a core in the minute before. */
  load: number;
  node: string;
  peers: Record<string, string>;
  commit: string;
};

export async function describeMachine(peers: Peers): Promise<Machine> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    gigabytes: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0],
    node: process.version,
    peers: await runJson<Record<string, string>>([peers.python, 'bench/peers/versions.py']),
    commit: gitCommit(),
  };
}

export function printMachine({ processor, cores, gigabytes, load, node, peers, commit }: Machine): void {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(`${processor}, ${cores} cores, ${gigabytes} GiB, load ${load.toFixed(1)}; commit ${commit}
Node ${node}; ${versions.join(', ')}
median (least to most) of rounds in turn; ratios are of medians (least to most of a round)\n\n`);
  if (load > cores / 2) {
    process.stdout.write('Other programs keep this machine busy: the figures will be lower and their range wide.\n\n');
  }
}

function gitCommit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
