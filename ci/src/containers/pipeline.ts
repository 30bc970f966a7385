/** The stages of dvc.yaml in a container. Without a secret, DVC's cache is a volume, which remembers what earlier calls computed. */
import type { Container, Directory, Secret } from '@dagger.io/dagger';
import type { AwsSignIn } from '../aws/sign_in.ts';
import type { TrackingSignIn } from '../tracking.ts';
import { pipelinePart } from './parts.ts';
import { SRC } from './toolbox.ts';
import { withSharedCache } from './volumes.ts';

/** Host name of the container's own tracking server. */
const MLFLOW = 'mlflow';
const MLFLOW_PORT = 5000;

/** A tracking server with its sign-in, and the key of the models that are registered there. */
export type Tracking = TrackingSignIn<Secret> & { uri: string; modelKey?: Secret };

export type DvcRemote = { url: string; aws: AwsSignIn<Secret> };

/** The repository, the machine that its stages run on, and whether they may use the DVC cache of everybody. */
export type Checkout = { source: Directory; toolbox: Container; hasSecret: boolean };

/** The toolbox with the pipeline's code in a git repository, which DVC needs. */
export function withPipeline({ toolbox, source, hasSecret }: Checkout): Container {
  return toolbox
    .withDirectory(SRC, source.filter(pipelinePart))
    .withEnvVariable('DVC_NO_ANALYTICS', '1')
    .withEnvVariable('DVC_SITE_CACHE_DIR', '/tmp/dvc-site')
    .withEnvVariable('PYTHONUNBUFFERED', '1')
    .withExec(['git', 'init', '--quiet'])
    .with(withSharedCache(`${SRC}/.dvc/cache`, 'sentiment-dvc', hasSecret));
}

/** Stages one to five, which depend only on files. */
export function withModel(container: Container): Container {
  return container.withExec(['dvc', 'repro', 'model_evaluation']);
}

/** Runs the first stage even if no file changed: DVC cannot know what an address holds now. */
export function withSourcesRead(container: Container): Container {
  return container
    .withExec(['dvc', 'repro', 'data_sources'])
    .withExec(['dvc', 'repro', '--single-item', '--force', 'data_ingestion']);
}

export function withRegistration(container: Container): Container {
  return container.withExec(['dvc', 'repro', '--single-item', 'register_model']);
}

/** Fetches what others have computed from the remote, so that those stages do not run again. */
export function withPull(container: Container, { url, aws }: DvcRemote, when: string): Container {
  return container
    .with(withAws(aws))
    .withExec(['dvc', 'remote', 'add', '--local', '--force', '--default', 'given', url])
    .with(neverCached(when))
    .withExec(['dvc', 'fetch', '--run-cache']);
}

export function withPush(container: Container): Container {
  return container.withExec(['dvc', 'push', '--run-cache']);
}

export function withAws(aws: AwsSignIn<Secret>): (container: Container) => Container {
  return (container) => {
    if (aws.region)
      container = container.withEnvVariable('AWS_REGION', aws.region).withEnvVariable('AWS_DEFAULT_REGION', aws.region);
    if (aws.accessKeyId) container = container.withSecretVariable('AWS_ACCESS_KEY_ID', aws.accessKeyId);
    if (aws.secretAccessKey) container = container.withSecretVariable('AWS_SECRET_ACCESS_KEY', aws.secretAccessKey);
    if (aws.sessionToken) container = container.withSecretVariable('AWS_SESSION_TOKEN', aws.sessionToken);
    if (aws.roleArn && aws.webIdentityToken) {
      container = container
        .withEnvVariable('AWS_ROLE_ARN', aws.roleArn)
        .withMountedSecret('/run/aws-token', aws.webIdentityToken)
        .withEnvVariable('AWS_WEB_IDENTITY_TOKEN_FILE', '/run/aws-token');
    }
    return container;
  };
}

/** The variables that MLflow's own client reads, and the key of the models. */
export function withTracking(tracking: Tracking): (container: Container) => Container {
  const { uri, username, password, token, modelKey } = tracking;
  return (container) => {
    container = container.withEnvVariable('MLFLOW_TRACKING_URI', uri).with(withModelKey(modelKey));
    if (username && password) {
      container = container
        .withEnvVariable('MLFLOW_TRACKING_USERNAME', username)
        .withSecretVariable('MLFLOW_TRACKING_PASSWORD', password);
    }
    return token ? container.withSecretVariable('MLFLOW_TRACKING_TOKEN', token) : container;
  };
}

/** Registration signs with it; gate, going back and fetching check with it. */
export function withModelKey(modelKey: Secret | undefined): (container: Container) => Container {
  return (container) => (modelKey ? container.withSecretVariable('SENTIMENT_MODEL_KEY', modelKey) : container);
}

/** What follows in the container is never cached: `when` differs from call to call. */
export function neverCached(when: string): (container: Container) => Container {
  return (container) => container.withEnvVariable('NEVER_CACHED', when);
}

/** An MLflow with an empty database, which runs as long as a container uses it. */
export function mlflowService(toolbox: Container) {
  return (
    toolbox
      .withEnvVariable('MLFLOW_DISABLE_TELEMETRY', 'true')
      // Otherwise it starts eight more processes.
      .withEnvVariable('MLFLOW_SERVER_ENABLE_JOB_EXECUTION', 'false')
      .withWorkdir('/var/lib/mlflow')
      .withExposedPort(MLFLOW_PORT)
      .asService({
        args: [
          ...[
            `${SRC}/.venv/bin/mlflow`,
            'server',
            '--host',
            '0.0.0.0',
            '--port',
            String(MLFLOW_PORT),
            '--workers',
            '1',
          ],
          ...['--backend-store-uri', 'sqlite:////var/lib/mlflow/mlflow.db'],
          ...['--artifacts-destination', '/var/lib/mlflow/artifacts'],
          // It answers only to these names.
          ...['--allowed-hosts', `${MLFLOW}:*,localhost:*,127.0.0.1:*`],
        ],
      })
  );
}

export function withOwnMlflow(service: ReturnType<typeof mlflowService>): (container: Container) => Container {
  return (container) =>
    container
      .withServiceBinding(MLFLOW, service)
      .withEnvVariable('MLFLOW_TRACKING_URI', `http://${MLFLOW}:${MLFLOW_PORT}`);
}
