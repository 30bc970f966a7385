/** Rolling update and diagnosis (../deploy) with the results of the Dagger functions. */
import type { File } from '@dagger.io/dagger';
import { type Arguments, awsClientsOf } from '../arguments.ts';
import { deploy } from '../deploy/deploy.ts';
import { describeDiagnosis, diagnose } from '../deploy/diagnose.ts';
import { describeOutcome, exitCode, outcomeError } from '../deploy/report.ts';
import { rolloutSettings, type SettingWords } from '../deploy/settings.ts';
import { PipelineError } from '../errors.ts';
import { type Result, success } from '../result.ts';
import { signingOf, verifierFor } from '../supply/keys.ts';
import type { Verify } from '../supply/verify.ts';
import { sampleIn, type TargetCluster, targetOf } from './cluster.ts';
import { type Call, callOf } from './model.ts';

export type Rollout = TargetCluster & {
  verifyImage?: Verify;
  /** By digest. */
  image: string;
  commit?: string;
  modelVersion?: string;
};

export type DeployWords = SettingWords & Pick<Rollout, 'image' | 'commit' | 'modelVersion'> & { sample?: File };

/** The rollout that the arguments ask for. Throws for arguments; however the rollout ends is a result. */
export async function deployAs(given: Arguments, words: DeployWords): Promise<Result> {
  const { image, commit, modelVersion, sample, ...setting } = words;
  const settings = rolloutSettings(setting);
  if (settings.maxFlips !== undefined && !sample) {
    const headline = '--max-flips limits how many answers to --sample may differ, and there is no --sample';
    throw new PipelineError('MAX_FLIPS', headline, { next: 'add --sample FILE, or leave it out' });
  }
  const target = { ...(await targetOf(given, 'deploy')), sample: await sampleIn(sample) };
  const verifyImage = verifierFor(await signingOf(given.signing), () => awsClientsOf(given));
  return rollOut({ ...target, verifyImage, image, commit, modelVersion, ...settings }, callOf('deploy'));
}

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
export async function diagnoseAs(given: Arguments): Promise<Result> {
  const { kubeConfig, manifests, explainImage } = await targetOf(given, 'diagnose');
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
