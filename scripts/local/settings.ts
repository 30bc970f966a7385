/** What `make run` and `make pipeline` read from the environment, once. */
import { usageError } from '../../ml/errors.ts';
import { readConfig } from '../../service/config.ts';
import type { TrackingSettings } from './mlflow.ts';
import type { Environment } from './programs.ts';

export type Settings = TrackingSettings & {
  /** Address and port of the service. */
  host: string;
  port: number;
  /** Milliseconds that the service may take to stop. */
  serviceGrace: number;
};

export const settingsHelp = `Settings, from the environment or after the command (make run PORT=8081):
  PORT                  port of the service [8080]
  HOST                  address the service listens on; 0.0.0.0 accepts connections from other machines [127.0.0.1]
  MLFLOW_PORT           port of the local MLflow [the first free one from 5000 on]
  MLFLOW_TRACKING_URI   your own MLflow server or DagsHub's, instead of the local one; credentials:
                        MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN
  MLFLOW_RATE_LIMIT_WAIT  seconds to wait in all when it answers 429 or asks to wait [300]
Other settings of the service: node service/main.ts --help`;

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
