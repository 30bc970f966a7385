/**
 * Owns the MLflow server that the test files of one run share. It runs in vitest's main process and starts the server
 * only when a test first asks for it, over a loopback address that tests get as `mlflowStarter`.
 */
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { listen, stopListening } from './listen.ts';
import { type MlflowServer, startMlflow } from './mlflow.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address that answers with the shared server's `uri` and `env`, once it is up. */
    mlflowStarter: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let shared: Promise<MlflowServer> | undefined;
  const starter = createServer(async (_request, response) => {
    shared ??= startMlflow();
    try {
      const { uri, env } = await shared;
      response.end(JSON.stringify({ uri, env }));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  const port = await listen(starter);
  project.provide('mlflowStarter', `http://127.0.0.1:${port}`);
  return async () => {
    await stopListening(starter);
    await (await shared?.catch(() => undefined))?.stop();
  };
}
