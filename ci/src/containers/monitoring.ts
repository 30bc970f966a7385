/** Prometheus and Grafana as monitoring/ configures them, looking at a service. */
import { type Directory, dag, type Service } from '@dagger.io/dagger';

const PROMETHEUS_PORT = 9090;
const GRAFANA_PORT = 3000;

/** `source` is the repository; `app` listens on port 8080. */
export function prometheus(source: Directory, app: Service, image: string): Service {
  const targets = JSON.stringify([{ targets: ['app:8080'] }]);
  return (
    dag
      .container()
      .from(image)
      .withFile('/etc/prometheus/prometheus.yml', source.file('monitoring/prometheus.yml'))
      .withDirectory('/etc/prometheus/rules', source.directory('monitoring/rules').filter({ include: ['*.yml'] }))
      .withNewFile('/etc/prometheus/targets/sentiment.json', targets)
      // No repository's address is known in here: the alerts' links are paths within it.
      .withEnvVariable('RUNBOOKS', 'docs/runbook')
      .withServiceBinding('app', app)
      .withExposedPort(PROMETHEUS_PORT)
      .asService({ useEntrypoint: true })
  );
}

/** Without a sign-in, since it is for the machine that it was called on. */
export function grafana(source: Directory, watched: Service, image: string): Service {
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
