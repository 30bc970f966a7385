/** What callers choose from by name. Dagger refuses any other name before it starts a container, and completes these in the shell. */

/** A study of experiments.yaml */
export enum StudyName {
  COMPARE = 'compare',
  TUNE = 'tune',
  ABLATION = 'ablation',
}

/** How bad a finding of ECR's scan is */
export enum Severity {
  CRITICAL = 'CRITICAL',
  HIGH = 'HIGH',
  MEDIUM = 'MEDIUM',
  LOW = 'LOW',
}
