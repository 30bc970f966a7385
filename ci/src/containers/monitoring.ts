/** Prometheus and Grafana, configured by monitoring/, for one service. */
import { type Directory, dag, type Service } from '@dagger.io/dagger';
import { fetchable } from './base_images.ts';

const PROMETHEUS_PORT = 9090;
const GRAFANA_PORT = 3000;

/** `source` is the repository; `app` listens on port 8080. Without an image of Grafana, Prometheus itself. */
export async function monitored(
  source: Directory,
  app: () => Promise<Service>,
  images: { prometheus: string; grafana?: string },
): Promise<Service> {
  await fetchable('monitoring', { '--prometheus-image': images.prometheus, '--grafana-image': images.grafana });
  const watched = prometheus(source, await app(), images.prometheus);
  return images.grafana === undefined ? watched : grafana(source, watched, images.grafana);
}

function prometheus(source: Directory, app: Service, image: string): Service {
  const targets = JSON.stringify([{ targets: ['app:8080'] }]);
  return (
    dag
      .container()
      .from(image)
      .withFile('/etc/prometheus/prometheus.yml', source.file('monitoring/prometheus.yml'))
      .withDirectory('/etc/prometheus/rules', source.directory('monitoring/rules').filter({ include: ['*.yml'] }))
      .withNewFile('/etc/prometheus/targets/sentiment.json', targets)
      // The repository's address is unknown here, so the alerts link to paths in it.
      .withEnvVariable('RUNBOOKS', 'docs/runbook')
      .withServiceBinding('app', app)
      .withExposedPort(PROMETHEUS_PORT)
      .asService({ useEntrypoint: true })
  );
}

/** Without a sign-in: it is for the machine of the caller. */
function grafana(source: Directory, watched: Service, image: string): Service {
  const folder = source.directory('monitoring/grafana');
  return dag
    .container()
    .from(image)
    .withDirectory('/etc/grafana/provisioning', folder.directory('provisioning'))
    .withDirectory('/var/lib/dashboards', folder.directory('dashboards'))
    .withEnvVariable('DASHBOARDS', '/var/lib/dashboards')
    .withEnvVariable('PROMETHEUS_URL', `http://prometheus:${PROMETHEUS_PORT}`)
    .withEnvVariable('GF_AUTH_ANONYMOUS_ENABLED', 'true')
    .withEnvVariable('GF_AUTH_DISABLE_LOGIN_FORM', 'true')
    .withServiceBinding('prometheus', watched)
    .withExposedPort(GRAFANA_PORT)
    .asService({ useEntrypoint: true });
}
