/** What `make run` and `make pipeline` read from the environment, once. The service's own settings pass through. */
import { usageError } from '../../ml/errors.ts';
import { readConfig } from '../../service/config.ts';
import type { Environment } from './environment.ts';

export type Settings = {
  /** Address and port of the page. */
  host: string;
  port: number;
  /** Milliseconds that the service may take to end. */
  serviceGrace: number;
  /** Port of the local MLflow; any free one from there on unless it was asked for. */
  mlflowPort: number;
  exactMlflowPort: boolean;
  /** The tracking server to use instead of a local one. */
  trackingUri: string | undefined;
};

export const settingsHelp = `Settings, from the environment or after the command (make run PORT=8081):
  PORT                  port of the page [8080]
  HOST                  address the page listens on; 0.0.0.0 lets other machines in [127.0.0.1]
  MLFLOW_PORT           port of the local MLflow [the first free one from 5000 on]
  MLFLOW_TRACKING_URI   an MLflow of your own, or DagsHub's, instead of the local one; sign in with
                        MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN
The service's other settings: node service/main.ts --help`;

/** Throws a usage error (exit code 2) that names the variable. */
export function readSettings(env: Environment): Settings {
  const { host, port, graceSeconds } = readConfig(env);
  return {
    host,
    port,
    serviceGrace: 1000 * (graceSeconds + 2),
    mlflowPort: mlflowPort(env.MLFLOW_PORT),
    exactMlflowPort: Boolean(env.MLFLOW_PORT),
    trackingUri: env.MLFLOW_TRACKING_URI?.trim() || undefined,
  };
}

function mlflowPort(value: string | undefined): number {
  if (!value) return 5000;
  const port = Number(value);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw usageError('SETTING', `MLFLOW_PORT is "${value}", expected a whole number from 1 to 65535`);
}
