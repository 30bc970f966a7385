/** The public surface of this folder: the Dagger module, and the plain functions below it, which need no Dagger. */

export { type AwsClients, awsClients } from './src/aws/clients.ts';
export { eksKubeConfig } from './src/aws/eks.ts';
export { type AwsSignIn, awsCredentials, checkAwsSignIn } from './src/aws/sign_in.ts';
export { type DeployOptions, deploy } from './src/deploy/deploy.ts';
export { type Diagnosis, describeDiagnosis, diagnose } from './src/deploy/diagnose.ts';
export { givenKubeConfig } from './src/deploy/kubeconfig.ts';
export { describeOutcome, exitCode, type Outcome, outcomeJson } from './src/deploy/report.ts';
export type { Cause } from './src/diagnosis/causes.ts';
export type { Verdict } from './src/diagnosis/finding.ts';
export { diagnosis, type Finding } from './src/doctor/finding.ts';
export { examineTracking } from './src/doctor/tracking.ts';
export { ecrExplainer } from './src/ecr/explain.ts';
export { pushDecision, type RegistryLogin, registryLogin, tagState } from './src/ecr/registry.ts';
export { prepareRepository } from './src/ecr/repository.ts';
export { type ScanSummary, scanGate, scanSummary } from './src/ecr/scan.ts';
export { PipelineError } from './src/errors.ts';
export {
  byDigest,
  type ExplainImage,
  type ImageExplanation,
  type ImageName,
  imageTag,
  parseImageName,
} from './src/image_name.ts';
export { Sentiment } from './src/index.ts';
export { parseMetrics, type Release, releaseReport } from './src/release/report.ts';
export { type Ended, lastLines, runStep, type Step, stepError } from './src/step.ts';
export { type TrackingSignIn, trackingAddress } from './src/tracking.ts';
