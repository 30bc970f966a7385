/** What this folder offers: the Dagger module, and the plain functions below it, which need no Dagger. */
export { diagnosis, type Finding } from './src/doctor/finding.ts';
export { examineTracking, type SignIn } from './src/doctor/tracking.ts';
export { PipelineError } from './src/errors.ts';
export type { ExplainImage, ImageExplanation } from './src/image/explanation.ts';
export { byDigest, type ImageName, imageTag, parseImageName } from './src/image/reference.ts';
export { Sentiment } from './src/index.ts';
export { parseMetrics, type Release, releaseReport } from './src/release/report.ts';
export { type Ended, lastLines, runStep, type Step, stepError } from './src/steps/step.ts';
export { type AwsArguments, type AwsSignIn, awsSignIn } from './src/world/aws.ts';
export { type TrackingArguments, trackingAddress } from './src/world/tracking.ts';
