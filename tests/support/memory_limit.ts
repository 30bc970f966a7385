/** A limit on the memory of programs, as a container has: a memory cgroup of version 2 or 1. Needs root. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

export type MemoryLimit = {
  /** Such as "cgroup v1". */
  kind: string;
  /** Whoever writes its process id there is limited, with its children. */
  procs: string;
  /** How often the kernel killed a process for its memory. */
  kills(): number;
  /** The most that was in use at once, in bytes. */
  peak(): number;
  remove(): void;
};

/** Throws if cgroups cannot be made here. */
export function limitMemory(bytes: number): MemoryLimit {
  const isUnified = existsSync(join(ROOT, 'cgroup.controllers'));
  const path = join(ROOT, isUnified ? '' : 'memory', `sentiment-trust-${process.pid}`);
  if (isUnified) writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+memory');
  mkdirSync(path);
  const file = (name: string) => join(path, name);
  const number = (name: string, pattern: RegExp) => Number(pattern.exec(readFileSync(file(name), 'utf8'))?.[1] ?? 0);
  writeFileSync(file(isUnified ? 'memory.max' : 'memory.limit_in_bytes'), String(bytes));
  return {
    kind: isUnified ? 'cgroup v2' : 'cgroup v1',
    procs: file('cgroup.procs'),
    kills: () => number(isUnified ? 'memory.events' : 'memory.oom_control', /^oom_kill (\d+)/m),
    peak: () => number(isUnified ? 'memory.peak' : 'memory.max_usage_in_bytes', /^(\d+)/),
    remove: () => rmdirSync(path),
  };
}
