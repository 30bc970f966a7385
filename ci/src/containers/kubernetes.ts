/** The tests' own Kubernetes and a Prometheus that knows it, in a container: built once from source, started by the tests. */
import { type Container, type Directory, dag } from '@dagger.io/dagger';
import { withAlertmanager } from './toolbox.ts';

const SETUP = ['scripts/setup_cluster.sh', 'scripts/setup_discovery.sh', 'scripts/setup_docker.sh'];
/** What those are made of. */
const CALLED = ['scripts/built_once.sh', 'scripts/setup_monitoring.sh'];

export function withKubernetes(container: Container, source: Directory, goProxy?: string): Container {
  // Without one, Go asks the public proxy that is built into it.
  const machine = goProxy ? container.withEnvVariable('GOPROXY', goProxy) : container;
  return withAlertmanager(machine)
    .withDirectory('.', source.filter({ include: [...SETUP, ...CALLED, 'scripts/pins', 'tests/cluster'] }))
    .withMountedCache('/root/.cache', dag.cacheVolume('sentiment-go'))
    .withMountedCache('/root/go', dag.cacheVolume('sentiment-go-modules'))
    .withExec(['sh', '-c', SETUP.join(' && ')]);
}

/** It starts containers of its own: that takes root's full rights, and a /tmp that is no overlay. */
export function withKubernetesRun(container: Container, command: string[]): Container {
  return (
    container
      .withMountedTemp('/tmp')
      // The volume may have been emptied since.
      .withExec(['sh', '-c', `${SETUP.join(' && ')} && exec "$@"`, 'sh', ...command], {
        insecureRootCapabilities: true,
      })
  );
}
