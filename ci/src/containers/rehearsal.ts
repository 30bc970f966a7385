/**
 * What a rehearsal uses instead of an account: a fake AWS, a registry with a password, and a cluster, k3s in one container.
 * https://docs.k3s.io/installation/private-registry, https://docs.k3s.io/cli/server
 */
import { type Container, dag, type Service } from '@dagger.io/dagger';
import { SRC } from './toolbox.ts';

const MOTO_PORT = 5001;

/** moto, which answers as ECR and STS do and stores no images. */
export function awsDouble(toolbox: Container): Service {
  return toolbox
    .withExposedPort(MOTO_PORT)
    .asService({ args: [`${SRC}/.venv/bin/moto_server`, '-H', '0.0.0.0', '-p', String(MOTO_PORT)] });
}

/** Engines use plain HTTP for a registry with this name only. */
export const REGISTRY = 'localhost:5000';

/** An empty registry that accepts only this user, with the password that ECR (or moto) issued. */
export function passwordRegistry(image: string, toolbox: Container, signIn: { username: string; password: string }) {
  return dag
    .container()
    .from(image)
    .withFile('/auth/htpasswd', htpasswd(toolbox, signIn))
    .withEnvVariable('REGISTRY_AUTH', 'htpasswd')
    .withEnvVariable('REGISTRY_AUTH_HTPASSWD_REALM', 'rehearsal')
    .withEnvVariable('REGISTRY_AUTH_HTPASSWD_PATH', '/auth/htpasswd')
    .withExposedPort(5000)
    .asService({ useEntrypoint: true });
}

/** The registry accepts only bcrypt, which perl-base has, a part of every Debian image. */
function htpasswd(toolbox: Container, { username, password }: { username: string; password: string }) {
  const program = 'print "$ARGV[0]:", crypt($ENV{PASSWORD}, q{$2y$05$} . "rehearsal" x 2 . "only"), "\\n"';
  return toolbox
    .withSecretVariable('PASSWORD', dag.setSecret('rehearsal-registry', password))
    .withExec(['perl', '-e', program, username], { redirectStdout: '/tmp/htpasswd' })
    .file('/tmp/htpasswd');
}

const K3S = 'k3s';
const K3S_PORT = 6443;
/** Seconds to wait for k3s to write its kubeconfig. */
const K3S_START = 180;

export type ClusterRegistry = { service: Service; username: string; password: string };

/** Pulls from the registry with its password. `run` is unique: the volume that carries the kubeconfig outlives the call. */
export async function startCluster(
  image: string,
  registry: ClusterRegistry,
  helper: string,
  run: string,
): Promise<{ service: Service; kubeconfig: string }> {
  const volume = dag.cacheVolume('sentiment-rehearsal');
  const file = `/kube/${run}.yaml`;
  const service = dag
    .container()
    .from(image)
    .withMountedSecret('/etc/rancher/k3s/registries.yaml', dag.setSecret(`registries-${run}`, registries(registry)))
    // An overlay cannot be mounted on the container's own overlay.
    .withMountedTemp('/var/lib/rancher')
    .withMountedTemp('/var/lib/kubelet')
    .withMountedTemp('/var/lib/cni')
    .withMountedTemp('/var/log')
    .withMountedTemp('/run')
    .withMountedTemp('/tmp')
    .withMountedCache('/kube', volume)
    .withServiceBinding('registry', registry.service)
    .withExposedPort(K3S_PORT)
    .asService({
      args: [
        'server',
        '--disable=traefik,servicelb,metrics-server,local-storage,coredns',
        ...[`--tls-san=${K3S}`, `--write-kubeconfig=${file}`, '--write-kubeconfig-mode=644'],
        ...['--snapshotter=overlayfs', '--egress-selector-mode=disabled'],
      ],
      useEntrypoint: true,
      insecureRootCapabilities: true,
      // As process 1 it moves itself into its own cgroup, which the kubelet needs.
      noInit: true,
    })
    .withHostname(K3S);
  const started = await service.start();
  const wait = `for i in $(seq ${K3S_START}); do
    if grep -q client-key-data ${file} 2>/dev/null; then cp ${file} /kubeconfig; exit 0; fi
    sleep 1
  done
  echo 'k3s wrote no kubeconfig within ${K3S_START} s' >&2
  exit 1`;
  const kubeconfig = await dag
    .container()
    .from(helper)
    .withMountedCache('/kube', volume)
    .withExec(['sh', '-c', wait])
    .file('/kubeconfig')
    .contents();
  return { service: started, kubeconfig };
}

/** Images named for the pushed address are pulled from the service. */
function registries({ username, password }: ClusterRegistry): string {
  return JSON.stringify({
    mirrors: { [REGISTRY]: { endpoint: ['http://registry:5000'] } },
    configs: { 'registry:5000': { auth: { username, password } } },
  });
}
