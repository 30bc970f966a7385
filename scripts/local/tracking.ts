/** The tracking server of one run: the user's, or a local one that is started when it is first needed. */
import { trackingConfig } from '../../ml/tracking/config.ts';
import type { Environment } from './environment.ts';
import { startLocalMlflow, type TrackingServer } from './mlflow.ts';
import type { Settings } from './settings.ts';

export type Tracking = {
  /** False for a server of the user's own. */
  local: boolean;
  /** Starts the local server unless it has been started; returns before it answers. */
  start(): Promise<TrackingServer>;
  /** The server, if it has been started. */
  started(): TrackingServer | undefined;
};

export function trackingServer(root: string, env: Environment, settings: Settings): Tracking {
  let server: TrackingServer | undefined;
  return {
    local: settings.trackingUri === undefined,
    async start() {
      server ??= settings.trackingUri ? remote(settings.trackingUri, env) : await startLocalMlflow(options());
      return server;
    },
    started: () => server,
  };

  function options() {
    return { root, env, port: settings.mlflowPort, exactPort: settings.exactMlflowPort };
  }
}

function remote(uri: string, env: Environment): TrackingServer {
  return {
    uri,
    address: trackingConfig(env).uri,
    owned: false,
    ready: Promise.resolve(),
    failure: new Promise(() => {}),
    stop: async () => {},
  };
}
