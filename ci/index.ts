/** What this folder offers: the Dagger module, and the plain functions below it, which need no Dagger. */
export { eksKubeConfig } from './src/aws/eks.ts';
export { type DeployOptions, deploy } from './src/deploy/deploy.ts';
export { type Diagnosis, describeDiagnosis, diagnose } from './src/deploy/diagnose.ts';
export { givenKubeConfig } from './src/deploy/kubeconfig.ts';
export { describeOutcome, exitCode, type Outcome, outcomeJson } from './src/deploy/report.ts';
export type { Cause } from './src/diagnosis/causes.ts';
export type { Verdict } from './src/diagnosis/finding.ts';
export { diagnosis, type Finding } from './src/doctor/finding.ts';
export { examineTracking, type SignIn } from './src/doctor/tracking.ts';
export { ecrExplainer } from './src/ecr/explain.ts';
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
export { type RegistryLogin, registryLogin } from './src/registry/login.ts';
export { prepareRepository } from './src/registry/repository.ts';
export { type ScanSummary, scanGate, scanSummary } from './src/registry/scan.ts';
export { pushDecision, tagState } from './src/registry/tag.ts';
export { parseMetrics, type Release, releaseReport } from './src/release/report.ts';
export { type Ended, lastLines, runStep, type Step, stepError } from './src/steps/step.ts';
export { type AwsArguments, type AwsSignIn, awsCredentials, awsSignIn } from './src/world/aws.ts';
export { type AwsClients, awsClients } from './src/world/aws_clients.ts';
export { type TrackingArguments, trackingAddress } from './src/world/tracking.ts';
