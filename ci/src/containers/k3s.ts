/**
 * A cluster for a rehearsal: k3s in one container, which pulls from the rehearsal's registry with its password.
 * https://docs.k3s.io/installation/private-registry, https://docs.k3s.io/cli/server
 */
import { dag, type Service } from '@dagger.io/dagger';
import { REGISTRY } from './rehearsal.ts';

const PORT = 6443;
const HOSTNAME = 'k3s';
/** Seconds until it has written its kubeconfig. */
const PATIENCE = 180;

export type ClusterRegistry = { service: Service; username: string; password: string };

/** `run` differs from call to call: the volume that brings the kubeconfig out outlives them. */
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
    // An overlay cannot lie on the container's own.
    .withMountedTemp('/var/lib/rancher')
    .withMountedTemp('/var/lib/kubelet')
    .withMountedTemp('/var/lib/cni')
    .withMountedTemp('/var/log')
    .withMountedTemp('/run')
    .withMountedTemp('/tmp')
    .withMountedCache('/kube', volume)
    .withServiceBinding('registry', registry.service)
    .withExposedPort(PORT)
    .asService({
      args: [
        'server',
        '--disable=traefik,servicelb,metrics-server,local-storage,coredns',
        ...[`--tls-san=${HOSTNAME}`, `--write-kubeconfig=${file}`, '--write-kubeconfig-mode=644'],
        ...['--snapshotter=overlayfs', '--egress-selector-mode=disabled'],
      ],
      useEntrypoint: true,
      insecureRootCapabilities: true,
      // As the first process it puts itself into a cgroup of its own, which the kubelet needs.
      noInit: true,
    })
    .withHostname(HOSTNAME);
  const started = await service.start();
  const wait = `for i in $(seq ${PATIENCE}); do
    if grep -q client-key-data ${file} 2>/dev/null; then cp ${file} /kubeconfig; exit 0; fi
    sleep 1
  done
  echo 'k3s has written no kubeconfig within ${PATIENCE} s' >&2
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

/** Under the name that images are pushed with, the cluster asks the service. */
function registries({ username, password }: ClusterRegistry): string {
  return JSON.stringify({
    mirrors: { [REGISTRY]: { endpoint: ['http://registry:5000'] } },
    configs: { 'registry:5000': { auth: { username, password } } },
  });
}
