/**
 * The container that checks and stages run in: Debian with Node and Python, and the packages of the three lock files. The
 * layers are ordered by how rarely they change, and none depends on the project's code, so an edit reinstalls nothing.
 *
 * Files come from Directory.filter, whose result the cache identifies by content. With the `include` of withDirectory, any
 * edit would invalidate what follows.
 */
import { type Container, type Directory, dag, type File, type Secret } from '@dagger.io/dagger';
import { withSharedCache } from './volumes.ts';

/** A company's own package sources; the default of each is the public one. */
export type Mirrors = {
  npmrc?: Secret;
  pipConfig?: Secret;
  aptSources?: File;
  caBundle?: File;
  goProxy?: string;
};

/** Python's packages come from a cache of everybody only for those without a secret. */
type Kept = Mirrors & { hasSecret: boolean };

export const SRC = '/src';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** uv does not read pip's configuration. It may hold a password, so it is read at run time and never stored in a layer. */
const UV = `#!/bin/sh
index=$(/opt/uv/bin/pip config get global.index-url 2>/dev/null || true)
if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
exec /opt/uv/bin/uv "$@"
`;

/** `source` is the repository; only its lock files are read. */
export function toolbox(source: Directory, nodeImage: string, mirrors: Kept): Container {
  return base(nodeImage, mirrors).with(pythonPackages(source, mirrors)).with(npmPackages(source, mirrors));
}

function base(nodeImage: string, mirrors: Mirrors): Container {
  return dag
    .container()
    .from(nodeImage)
    .with(companySources(mirrors))
    .withEnvVariable('DEBIAN_FRONTEND', 'noninteractive')
    .withExec(['sh', '-c', aptInstall('ca-certificates git python3 python3-pip python3-venv')])
    .with(companyCertificates(mirrors))
    .withWorkdir(SRC)
    .withEnvVariable('PATH', `${SRC}/.venv/bin:${SRC}/node_modules/.bin:/opt/bin:$PATH`, { expand: true })
    .withEnvVariable('CI', 'true');
}

/** Chromium, Prometheus and Alertmanager, for the tests of the page and of monitoring/; curl, for the commands of docs/. */
export function withTestPrograms(container: Container): Container {
  return container.withExec(['sh', '-c', aptInstall('chromium curl prometheus prometheus-alertmanager')]);
}

/** For the test of monitoring/ in Kubernetes, which builds its Prometheus from source. */
export function withAlertmanager(container: Container): Container {
  return container.withExec(['sh', '-c', aptInstall('prometheus-alertmanager')]);
}

/** `names` are packages separated by spaces. */
function aptInstall(names: string): string {
  return `apt-get -qq update && apt-get -qq install -y --no-install-recommends ${names} >/dev/null && rm -rf /var/lib/apt/lists/*`;
}

function companySources({ aptSources, caBundle }: Mirrors): (container: Container) => Container {
  return (container) => {
    if (caBundle) {
      // apt needs the certificates to fetch the package that manages them.
      container = container
        .withFile('/usr/local/share/ca-certificates/company.crt', caBundle)
        .withNewFile(
          '/etc/apt/apt.conf.d/company',
          'Acquire::https::CAInfo "/usr/local/share/ca-certificates/company.crt";\n',
        );
    }
    if (!aptSources) return container;
    return container.withoutDirectory('/etc/apt/sources.list.d').withFile('/etc/apt/sources.list', aptSources);
  };
}

function companyCertificates({ caBundle }: Mirrors): (container: Container) => Container {
  return (container) => {
    if (!caBundle) return container;
    const names = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'AWS_CA_BUNDLE'];
    const updated = container.withExec(['update-ca-certificates']);
    return names.reduce((sofar, name) => sofar.withEnvVariable(name, CERTIFICATES), updated);
  };
}

function pythonPackages(source: Directory, mirrors: Kept): (container: Container) => Container {
  return (container) =>
    container
      .withDirectory('.', source.filter({ include: ['requirements.txt', 'scripts/pins'] }))
      .withNewFile('/opt/bin/uv', UV, { permissions: 0o755 })
      .withMountedTemp('/root/.cache')
      .with(withSharedCache('/root/.cache', 'sentiment-python', mirrors.hasSecret))
      .withEnvVariable('UV_LINK_MODE', 'copy')
      .with(withPipConfig(mirrors))
      .withExec(['python3', '-m', 'venv', '/opt/uv'])
      .withExec([
        ...[
          '/opt/uv/bin/pip',
          'install',
          '--quiet',
          '--disable-pip-version-check',
          '--no-deps',
          '--only-binary',
          ':all:',
        ],
        ...['--require-hashes', '-r', 'scripts/pins/uv.txt'],
      ])
      .withExec(['uv', 'venv', '--quiet', '--python', 'python3', '.venv'])
      .withExec([
        ...['uv', 'pip', 'sync', '--quiet', '--require-hashes', '--compile-bytecode'],
        ...['--build-constraints', 'scripts/pins/setuptools.txt', 'requirements.txt'],
      ])
      .withoutMount('/root/.cache');
}

/** Mounted, so that no layer contains its secrets. */
function withPipConfig({ pipConfig }: Mirrors): (container: Container) => Container {
  return (container) => (pipConfig ? container.withMountedSecret('/etc/pip.conf', pipConfig) : container);
}

/** The packages of the project and, for the type check, of ci/. */
function npmPackages(source: Directory, { npmrc }: Mirrors): (container: Container) => Container {
  const files = ['package.json', 'package-lock.json', '.npmrc'];
  const install = ['npm', 'ci', '--ignore-scripts', '--loglevel=error'];
  return (container) => {
    const ready = container
      .withDirectory('.', source.filter({ include: [...files, ...files.map((name) => `ci/${name}`)] }))
      .withMountedCache('/root/.npm', dag.cacheVolume('sentiment-npm'));
    const configured = npmrc ? ready.withMountedSecret('/root/.npmrc', npmrc) : ready;
    const installed = configured
      .withExec(install)
      .withExec([...install, '--prefix', 'ci'])
      .withoutMount('/root/.npm');
    return npmrc ? installed.withoutMount('/root/.npmrc') : installed;
  };
}
