/** What tests read from MLflow and the product does not: a run by its id, and the artifacts of a run. */
import type { TrackingConfig } from '../../ml/tracking/config.ts';
import { callApi, callPages, number, text } from '../../ml/tracking/transport.ts';

/** Throws MLFLOW_REFUSED if the server does not know the run. */
export async function runStatus(config: TrackingConfig, runId: string): Promise<string> {
  return text(await callApi(config, 'GET', 'runs/get', { run_id: runId }), 'run.info.status');
}

/** Path and size of each file or folder in a folder of the run's artifacts; a folder has size 0. */
export async function listArtifacts(
  config: TrackingConfig,
  runId: string,
  folder = '',
): Promise<{ path: string; bytes: number }[]> {
  const input = { run_id: runId, ...(folder && { path: folder }) };
  const files = await callPages(config, 'GET', 'artifacts/list', input, 'files');
  return files.map((file) => ({ path: text(file, 'path'), bytes: number(file, 'file_size') }));
}
