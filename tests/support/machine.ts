/**
 * A machine as EC2 starts it, in namespaces of its own: an address, an attached data volume, Docker, AWS' command line, and
 * user data to run. It differs in that machine/systemctl stands in for systemd, and Debian for Amazon Linux.
 *
 *     describe.skipIf(!need('docker'))('a machine', () => {
 *       const machine = createMachine({ cable: freeAddresses(), size: 400 * 2 ** 20 });
 *       await machine.start(); ... await machine.remove();
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCgroup, removeCgroup } from './cluster/cgroups.ts';
import { ownName } from './cluster/names.ts';
import { type Cable, layCable, removeCable } from './cluster/network.ts';
import { dockerFolder } from './machine/programs.ts';
import { PATIENCE } from './patience.ts';
import { type Finished, type Running, start } from './process.ts';

export type MachineOptions = {
  /** Addresses of both ends of its cable: freeAddresses() of cluster/network.ts. */
  cable: Cable;
  /** Of its data volume, in bytes; at least 300 MiB for XFS. */
  size: number;
  /** What copyDisk() has made: a new volume may begin with a snapshot. */
  snapshot?: string;
};

export type Machine = {
  /** Environment of all programs that run there, beside PATH and HOME. */
  env: Record<string, string>;
  start(): Promise<void>;
  /** Attaches the data volume, which EC2 names by its id ("vol-0123"). It stays attached over starts. */
  attach(volume: string): Promise<void>;
  /** Ends it like a power cut, without warning. Its disks stay. */
  stop(): Promise<void>;
  /** Runs a program there to its end. */
  run(command: string[]): Promise<Finished>;
  /** The same, and an exit code other than 0 fails the test with what was printed. */
  ok(command: string[]): Promise<string>;
  /** Does there what cloud-init does with user data of this kind: https://cloudinit.readthedocs.io/en/latest/reference/modules.html */
  userData(data: UserData): Promise<string>;
  /** Makes an image of a folder's content known to its Docker. `changes` are lines of a Dockerfile. */
  importImage(name: string, folder: string, changes: string[]): Promise<void>;
  /** Copies its data volume as it is at this moment; the machine may be on. */
  copyDisk(to: string): Promise<void>;
  remove(): Promise<void>;
};

export type UserData = { write_files: { path: string; permissions: string; content: string }[]; runcmd: string[][] };

/** Makes its disks but does not start it. The caller must remove it. */
export function createMachine({ cable, size, snapshot }: MachineOptions): Machine {
  const state = mkdtempSync(join(tmpdir(), `${ownName()}-machine-`));
  const disk = join(state, 'disk.img');
  if (snapshot === undefined) writeFileSync(disk, '');
  else copyFileSync(snapshot, disk);
  truncateSync(disk, size);
  const PATH = '/usr/local/sbin:/run/programs/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const env: Record<string, string> = {};
  const log = join(state, 'boot.log');
  let on: { unshare: ChildProcess; pid: number; cgroup: string } | undefined;

  function enter(command: string[]): Running {
    if (on === undefined) throw new Error('the machine is off');
    return start('nsenter', ['--target', `${on.pid}`, '--mount', '--pid', '--net', '--', ...command], {
      cwd: '/',
      env: { PATH, HOME: '/run/home', ...env },
    });
  }
  async function ok(command: string[]): Promise<string> {
    const running = enter(command);
    const { code, stdout } = await running.ended;
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${running.output()}`);
    return stdout;
  }
  async function stop(): Promise<void> {
    if (on === undefined) return;
    const { unshare, cgroup } = on;
    on = undefined;
    unshare.kill('SIGKILL');
    if (unshare.exitCode === null && unshare.signalCode === null) await once(unshare, 'exit');
    await removeCgroup(cgroup);
    removeCable();
  }

  return {
    env,
    async start() {
      const cgroup = makeCgroup();
      const script = join(import.meta.dirname, 'machine/boot.sh');
      const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc'];
      const unshare = spawn('unshare', [...namespaces, 'bash', script, state, dockerFolder(), cable.address, cgroup], {
        stdio: ['pipe', 'pipe', openSync(log, 'a')],
        env: { PATH, HOME: '/run/home' },
      });
      on = { unshare, pid: 0, cgroup };
      const up = once(unshare.stdout!, 'data');
      const children = `/proc/${unshare.pid}/task/${unshare.pid}/children`;
      await until('it has namespaces', () => existsSync(children) && readFileSync(children, 'utf8') !== '');
      on.pid = Number.parseInt(readFileSync(children, 'utf8'), 10);
      layCable(on.pid, cable);
      unshare.stdin!.write('laid\n');
      const outcome = await Promise.race([up, once(unshare, 'exit'), sleep(PATIENCE, undefined, { ref: false })]);
      if (!String(outcome?.[0]).startsWith('up')) {
        await stop();
        throw new Error(`the machine did not start:\n${readFileSync(log, 'utf8').slice(-3000)}`);
      }
    },
    async attach(volume) {
      // https://docs.aws.amazon.com/ebs/latest/userguide/nvme-ebs-volumes.html
      writeFileSync(join(state, 'disk.name'), `nvme-Amazon_Elastic_Block_Store_${volume.replace('-', '')}`);
      await ok(['/run/machine/attach.sh']);
    },
    stop,
    run: (command) => enter(command).ended,
    ok,
    async userData({ write_files, runcmd }) {
      for (const { path, permissions, content } of write_files) {
        await ok(['sh', '-c', 'printf %s "$1" >"$2" && chmod "$3" "$2"', 'sh', content, path, permissions]);
      }
      let printed = '';
      for (const command of runcmd) printed += await ok(command);
      return printed;
    },
    async importImage(name, folder, changes) {
      const options = changes.flatMap((change) => ['--change', change]);
      // The machine's /tmp is another one.
      const archive = join(state, 'image.tar');
      execFileSync('tar', ['-c', '-f', archive, '-C', folder, '--owner=0', '--group=0', '.']);
      await ok(['docker', 'import', ...options, '/run/state/image.tar', name]);
      rmSync(archive);
    },
    async copyDisk(to) {
      // Writes wait while it is copied; EBS' snapshots are of one moment as well.
      const mounted = (await ok(['sed', '-n', 's/^UUID=[^ ]* \\([^ ]*\\) .*/\\1/p', '/etc/fstab'])).trim();
      await ok(['fsfreeze', '--freeze', mounted]);
      try {
        copyFileSync(disk, to);
      } finally {
        await ok(['fsfreeze', '--unfreeze', mounted]);
      }
    },
    async remove() {
      await stop();
      rmSync(state, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; !condition(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`gave up after ${PATIENCE} ms waiting until ${what}`);
  }
}
