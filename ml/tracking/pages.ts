/**
 * Addresses of MLflow's pages. Without the workflow type MLflow 3 shows an experiment's traces, of which a pipeline has
 * none, and hides the models.
 */
const ML = 'workflowType=machine_learning';

/** All runs of an experiment; without its id, the list of experiments. `uri` has no slash at its end. */
export function runsPage(uri: string, experimentId?: string): string {
  return experimentId === undefined ? `${uri}/#/experiments?${ML}` : `${uri}/#/experiments/${experimentId}/runs?${ML}`;
}

export function runPage(uri: string, experimentId: string, runId: string): string {
  return `${uri}/#/experiments/${experimentId}/runs/${runId}?${ML}`;
}

export function versionPage(uri: string, name: string, version: string): string {
  return `${uri}/#/models/${encodeURIComponent(name)}/versions/${version}?${ML}`;
}

export function comparePage(uri: string, experimentId: string, runIds: readonly string[]): string {
  const list = (values: readonly string[]) => encodeURIComponent(JSON.stringify(values));
  return `${uri}/#/compare-runs?runs=${list(runIds)}&experiments=${list([experimentId])}&${ML}`;
}
