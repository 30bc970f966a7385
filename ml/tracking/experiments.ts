/** Experiments: the folders of runs. */
import { text } from './answer.ts';
import type { TrackingConfig } from './config.ts';
import { isDuplicate, isMissing, MlflowError } from './errors.ts';
import { callApi } from './transport.ts';

/** Tells MLflow's page to show runs, params and metrics, and not conversations. */
const KIND = { key: 'mlflow.experimentKind', value: 'custom_model_development' };

/** The id of the experiment of this name, or undefined when there is none. */
export async function findExperiment(config: TrackingConfig, name: string): Promise<string | undefined> {
  try {
    const answer = await callApi(config, 'GET', 'experiments/get-by-name', { experiment_name: name });
    if (text(answer, 'experiment.lifecycle_stage') === 'deleted') {
      throw new MlflowError('MLFLOW_REFUSED', `the experiment "${name}" is in MLflow's trash`, {
        endpoint: answer.endpoint,
        next: 'restore it (`mlflow experiments restore`) or name another in params.yaml, register_model.experiment',
      });
    }
    return text(answer, 'experiment.experiment_id');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The id of the experiment of this name, created if need be. Safe when several do it at once. */
export async function ensureExperiment(config: TrackingConfig, name: string): Promise<string> {
  const found = await findExperiment(config, name);
  if (found !== undefined) return found;
  try {
    return text(await callApi(config, 'POST', 'experiments/create', { name, tags: [KIND] }), 'experiment_id');
  } catch (error) {
    const other = isDuplicate(error) ? await findExperiment(config, name) : undefined;
    if (other === undefined) throw error;
    return other;
  }
}
