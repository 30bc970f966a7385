/** Cgroups of a cluster's pods. They outlive processes, so they must be removed by name. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isForgotten, ownName } from './names.ts';

const root = '/sys/fs/cgroup';

/** Makes the cgroup in which the kubelet of this process's cluster puts its pods; returns its name. */
export function makeCgroup(): string {
  const name = ownName();
  if (isUnified()) {
    delegate(root);
    mkdirSync(join(root, name));
    delegate(join(root, name));
  } else {
    for (const hierarchy of hierarchies()) {
      mkdirSync(join(hierarchy, name));
      // A cpuset without processors and memory nodes takes no process. cpuset(7)
      for (const file of ['cpuset.cpus', 'cpuset.mems'].filter((each) => existsSync(join(hierarchy, each)))) {
        writeFileSync(join(hierarchy, name, file), readFileSync(join(hierarchy, file)));
      }
    }
  }
  return name;
}

/** Removes the cgroup with all below it once its processes have gone, and gives up after a minute. */
export async function removeCgroup(name: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (const path of hierarchies().map((hierarchy) => join(hierarchy, name))) {
    while (!isRemoved(path) && Date.now() < deadline) await sleep(20);
  }
}

/** Cgroups of clusters whose keeper was killed before it could remove them. */
export function forgottenCgroups(): string[] {
  return [...new Set(hierarchies().flatMap((path) => readdirSync(path)))].filter(isForgotten);
}

/** Cgroup v2 alone, as opposed to v1 or both side by side. cgroups(7) */
function isUnified(): boolean {
  return existsSync(join(root, 'cgroup.controllers'));
}

/** Version 1 has a hierarchy for each controller, and often version 2 beside them, where runc makes cgroups as well. */
function hierarchies(): string[] {
  if (isUnified()) return [root];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name));
}

/** Lets the cgroups below this one limit what it can limit itself. */
function delegate(path: string): void {
  const controllers = readFileSync(join(path, 'cgroup.controllers'), 'utf8').trim().split(' ');
  writeFileSync(join(path, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '));
}

function isRemoved(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) isRemoved(join(path, entry.name));
    }
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}
