/** The servers that the test files of one run share, see shared_servers.ts. Tests use names of their own there. */
import { inject } from 'vitest';
import type { MlflowServer } from './mlflow.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address that answers with what a test needs to know of a shared server: /mlflow, /cluster. */
    sharedServers: string;
  }
}

/** Starts MLflow if this is the first to ask. It needs no stopping. */
export const sharedMlflow = (): Promise<Omit<MlflowServer, 'stop'>> => ask('/mlflow');

/** Path of the kubeconfig of the shared Kubernetes, which is started if this is the first to ask. */
export async function sharedKubeconfig(): Promise<string> {
  return (await ask<{ kubeconfig: string }>('/cluster')).kubeconfig;
}

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(`${inject('sharedServers')}${path}`);
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return JSON.parse(answer);
}
