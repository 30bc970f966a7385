/** Rolling update and diagnosis (../deploy) with the errors of the Dagger functions. */
import { deploy } from '../deploy/deploy.ts';
import { describeDiagnosis, diagnose } from '../deploy/diagnose.ts';
import { describeOutcome, outcomeError } from '../deploy/report.ts';
import { PipelineError } from '../errors.ts';
import type { TargetCluster } from './cluster.ts';
import type { Call } from './model.ts';

export type Rollout = TargetCluster & {
  /** By digest. */
  image: string;
  commit?: string;
  modelVersion?: string;
};

/** The outcome in a sentence. Throws the refusal's own code, the cause's (ROLLOUT_...), or DEPLOY_INTERRUPTED. */
export async function rollOut(rollout: Rollout, call: Call): Promise<string> {
  const outcome = await deploy({ ...rollout, onProgress: (line) => console.log(line) });
  if (outcome.state === 'deployed' || outcome.state === 'unchanged' || outcome.state === 'not proved')
    return describeOutcome(outcome);
  throw outcomeError(outcome, call.function);
}

/** The diagnosis of the manifests' Deployment as text; if it is unhealthy, throws UNHEALTHY with that text. */
export async function diagnoseDeployment({ kubeConfig, manifests, explainImage }: TargetCluster): Promise<string> {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  const { name = '', namespace = 'default' } = deployment?.metadata ?? {};
  const found = await diagnose({ kubeConfig, namespace, name, explainImage });
  const text = describeDiagnosis(found);
  if (found.state === 'healthy') return text;
  const [headline, ...evidence] = text.split('\n');
  throw new PipelineError('UNHEALTHY', `diagnose: ${headline}`, { evidence });
}
