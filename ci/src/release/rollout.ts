/** Rolling update and diagnosis (../deploy) with the results of the Dagger functions. */
import { deploy } from '../deploy/deploy.ts';
import { describeDiagnosis, diagnose } from '../deploy/diagnose.ts';
import { describeOutcome, exitCode, outcomeError } from '../deploy/report.ts';
import { PipelineError } from '../errors.ts';
import { type Result, success } from '../result.ts';
import type { TargetCluster } from './cluster.ts';
import type { Call } from './model.ts';

export type Rollout = TargetCluster & {
  /** By digest. */
  image: string;
  commit?: string;
  modelVersion?: string;
};

/** However it ends: the cause is the refusal's own code, the verdict's (ROLLOUT_...), or DEPLOY_INTERRUPTED. */
export async function rollOut(rollout: Rollout, call: Call): Promise<Result> {
  const { image } = rollout;
  const outcome = await deploy({ ...rollout, onProgress: (line) => console.log(line) });
  const { state } = outcome;
  if (state === 'deployed' || state === 'unchanged' || state === 'not proved')
    return success(state, describeOutcome(outcome), { reference: image });
  const { code, evidence, message } = outcomeError(outcome, call.function);
  return { ...success(state, message, { reference: image, cause: code }), evidence, exitCode: exitCode(outcome) };
}

/** Healthy, or unhealthy with the verdict's code as the cause; UNHEALTHY where no cause is visible. */
export async function diagnoseDeployment({ kubeConfig, manifests, explainImage }: TargetCluster): Promise<Result> {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  const { name = '', namespace = 'default' } = deployment?.metadata ?? {};
  const { state, ...found } = await diagnose({ kubeConfig, namespace, name, explainImage });
  const report = describeDiagnosis({ state, ...found });
  if (state === 'healthy') return success(state, report);
  const [headline, ...lines] = report.split('\n');
  const { message } = new PipelineError('UNHEALTHY', `diagnose: ${headline}`, { evidence: lines });
  const { code = 'UNHEALTHY', evidence = [] } = found.verdict ?? {};
  return { ...success(state, message, { cause: code }), evidence, exitCode: 1 };
}
