/** The MLflow server that the test files of one run share, see global_mlflow.ts. Tests on it use names of their own. */
import { inject } from 'vitest';
import type { MlflowServer } from './mlflow.ts';

/** Starts it if this is the first to ask. It needs no stopping. */
export async function sharedMlflow(): Promise<Omit<MlflowServer, 'stop'>> {
  const response = await fetch(inject('mlflowStarter'));
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return JSON.parse(answer);
}
