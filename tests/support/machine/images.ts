/**
 * Stand-ins for the images of monitoring/ec2, so that tests need no registry: the same names, users, paths and entry
 * points, with this machine's Prometheus and Alertmanager and the Compose of scripts/setup_docker.sh.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Machine } from '../machine.ts';
import { programPath } from '../need.ts';
import { dockerFolder } from './programs.ts';

const ec2 = resolve(import.meta.dirname, '../../../monitoring/ec2');

/** Makes the images known to the Docker of the machine. */
export async function importStandIns(machine: Machine): Promise<void> {
  const { services } = parse(readFileSync(join(ec2, 'prometheus.compose.yaml'), 'utf8'));
  const compose = /^COMPOSE_IMAGE=(.+)$/m.exec(readFileSync(join(ec2, 'setup.sh'), 'utf8'))?.[1];
  if (compose === undefined) throw new Error('setup.sh names no image of Compose');
  const folder = mkdtempSync(join(tmpdir(), 'images-'));
  try {
    // Prometheus 2 expands environment variables in external labels only with this flag; Prometheus 3 always does.
    const told = ['/bin/prometheus', '--enable-feature=expand-external-labels'];
    program(join(folder, 'prometheus'), { prometheus: programPath('discovery') ?? programPath('prometheus') });
    await machine.importImage(services.prometheus.image, join(folder, 'prometheus'), changes('/prometheus', told));
    program(join(folder, 'alertmanager'), { alertmanager: programPath('alertmanager') });
    // Debian's reads its templates from there; upstream's contains them.
    const templates = ['default', 'email'].map((name) => `/usr/share/prometheus/alertmanager/${name}.tmpl`);
    for (const path of templates.filter((path) => existsSync(path))) place(join(folder, 'alertmanager'), path);
    const alertmanager = changes('/alertmanager', ['/bin/alertmanager']);
    await machine.importImage(services.alertmanager.image, join(folder, 'alertmanager'), alertmanager);
    mkdirSync(join(folder, 'compose'));
    copyFileSync(join(dockerFolder(), 'bin/docker-compose'), join(folder, 'compose/docker-compose'));
    await machine.importImage(compose, join(folder, 'compose'), ['ENTRYPOINT ["/docker-compose"]']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As in the Dockerfiles of prometheus/prometheus and prometheus/alertmanager. */
function changes(data: string, entrypoint: string[]): string[] {
  return ['USER nobody', `WORKDIR ${data}`, `VOLUME ["${data}"]`, `ENTRYPOINT ${JSON.stringify(entrypoint)}`];
}

/** A root folder with the programs, their libraries, and a busybox as in the original images. */
function program(root: string, programs: Record<string, string | undefined>): void {
  for (const folder of ['bin', 'etc/prometheus', 'etc/alertmanager', 'tmp'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n');
  copyFileSync(join(dockerFolder(), 'bin/busybox'), join(root, 'bin/busybox'));
  const applets = execFileSync(join(root, 'bin/busybox'), ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const applet of applets.filter((name) => name !== 'busybox')) symlinkSync('busybox', join(root, 'bin', applet));
  for (const [name, path] of Object.entries(programs)) {
    if (path === undefined) throw new Error(`${name} is not installed: ask need() first`);
    copyFileSync(path, join(root, 'bin', name));
    for (const [library] of spawnSync('ldd', [path], { encoding: 'utf8' }).stdout.matchAll(/\/\S+\.so\S*/g)) {
      place(root, library);
    }
  }
}

function place(root: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  copyFileSync(path, join(root, path));
}
