/**
 * The servers that all integration tests of a run share, so that each is started once: MLflow and Kubernetes. This file
 * runs in a process that outlives the test files, starts a server when a test first asks for it over HTTP, and stops it at
 * the end. Tests ask through shared.ts.
 */
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { launchCluster } from './cluster/launch.ts';
import { listen, stopListening } from './listen.ts';
import { startMlflow } from './mlflow.ts';

type Shared = { told: object; stop(): Promise<void> };

const starters: Record<string, () => Promise<Shared>> = {
  async '/mlflow'() {
    const { uri, env, stop } = await startMlflow();
    return { told: { uri, env }, stop };
  },
  async '/cluster'() {
    const { kubeconfig, stop } = await launchCluster();
    return { told: { kubeconfig }, stop };
  },
};

/** Set for several runs of vitest side by side, which share one set of servers. */
const ADDRESS = 'SHARED_TEST_SERVERS';

export async function startSharedServers(): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  const started = new Map<string, Promise<Shared>>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const shared = started.get(path) ?? starters[path]();
    started.set(path, shared);
    try {
      response.end(JSON.stringify((await shared).told));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  const port = await listen(server);
  return {
    env: { [ADDRESS]: `http://127.0.0.1:${port}` },
    async stop() {
      await stopListening(server);
      const all = await Promise.allSettled(started.values());
      await Promise.all(all.map((each) => (each.status === 'fulfilled' ? each.value.stop() : undefined)));
    },
  };
}

/** What vitest calls before the first integration test of a run; it calls the answer after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env[ADDRESS];
  const own = given ? undefined : await startSharedServers();
  project.provide('sharedServers', given ?? own?.env[ADDRESS] ?? '');
  return async () => own?.stop();
}
