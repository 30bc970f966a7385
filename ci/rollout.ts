/**
 * The deployer as a library: any application, no Dagger. `index.ts` adds what this project's own release needs; the package
 * `explained-rollout` (npm/) is this file and the program src/deploy/main.ts.
 */

export { parseSignals, type SignalTable } from './src/bake/signals.ts';
export { ownEcrExplainer } from './src/deploy/aws.ts';
export { type DeployOptions, deploy } from './src/deploy/deploy.ts';
export { type Diagnosis, describeDiagnosis, diagnose } from './src/deploy/diagnose.ts';
export { givenKubeConfig } from './src/deploy/kubeconfig.ts';
export { type Manifest, parseManifests, readManifests } from './src/deploy/manifest.ts';
export { describeOutcome, exitCode, type Outcome, outcomeJson, withPages } from './src/deploy/report.ts';
export { type RolloutSettings, rolloutSettings, type SettingWords } from './src/deploy/settings.ts';
export { type Cause, causeNames } from './src/diagnosis/causes.ts';
export type { Verdict } from './src/diagnosis/finding.ts';
export { PipelineError } from './src/errors.ts';
