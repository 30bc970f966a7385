/**
 * From reviews to a running service, in containers: checks, DVC stages, MLflow, image, release.
 *
 * Every step of CI is a function, and it does the same on a laptop. `dagger call rehearse` runs all of them without an
 * account; `dagger check` runs what a pull request has to pass.
 */
import {
  argument,
  type Changeset,
  type Container,
  check,
  type Directory,
  type File,
  func,
  generate,
  object,
  type Platform,
  type Secret,
  type Service,
} from '@dagger.io/dagger';
import { type Arguments, argumentsOf, builderOf, toolboxOf } from './arguments.ts';
import { checkCurrent, generated } from './checks/generated.ts';
import { lint, runTests, typecheck } from './checks/run.ts';
import type { Severity, StudyName } from './choices.ts';
import { monitored } from './containers/monitoring.ts';
import { integrationTests, unitTests } from './containers/parts.ts';
import { examine } from './doctor/examine.ts';
import { diagnosis } from './doctor/finding.ts';
import { promoteAs } from './release/model.ts';
import { imageAs, publishAs } from './release/publish.ts';
import { rehearseAs } from './release/rehearse.ts';
import { releaseAs, rollBackAs } from './release/release.ts';
import { reproAs, studyAs } from './release/repro.ts';
import { deployAs, diagnoseAs } from './release/rollout.ts';
import { ended, type Result } from './result.ts';

@object()
export class Sentiment {
  source!: Directory;
  nodeImage!: string;
  registryImage!: string;
  clusterImage!: string;
  platform?: Platform;
  npmrc?: Secret;
  pipConfig?: Secret;
  aptSources?: File;
  caBundle?: File;
  goProxy?: string;
  trackingUri?: string;
  trackingUsername?: string;
  trackingPassword?: Secret;
  trackingToken?: Secret;
  awsRegion?: string;
  awsAccessKeyId?: Secret;
  awsSecretAccessKey?: Secret;
  awsSessionToken?: Secret;
  awsRoleArn?: string;
  awsWebIdentityToken?: Secret;
  cluster?: string;
  kubeconfig?: Secret;
  kubeContext?: string;
  apiServer?: Service;
  signKey?: Secret;
  verifyKey?: File;
  modelKey?: Secret;
  texts?: Secret;

  constructor(
    /** The repository */
    @argument({
      defaultPath: '/',
      ignore: [
        '**/node_modules',
        '.venv',
        '.tools',
        '.local',
        'data/raw',
        'data/interim',
        'data/processed',
        '.dvc/cache',
        '.dvc/tmp',
        '.dvc/config.local',
        'ci/sdk',
        '**/__pycache__',
        '.env',
      ],
    })
    source: Directory,
    /** Image with Node 24 on Debian 12, the base of all containers */ nodeImage: string = 'node:24-bookworm-slim@sha256:235600a8101ab264e117b1768e925532262668dc9b581ef1dd7d96ced463b8e7',
    /** Image of the registry that a rehearsal pushes to */ registryImage: string = 'registry:2@sha256:a3d8aaa63ed8681a604f1dea0aa03f100d5895b6a58ace528858a7b332415373',
    /** Image of k3s, the cluster that a rehearsal deploys to */ clusterImage: string = 'rancher/k3s:v1.35.0-k3s1',
    /** Platform of the service's image, such as linux/amd64; default the engine's own */ platform?: Platform,
    /** npm configuration with your mirror: file:$HOME/.npmrc */ npmrc?: Secret,
    /** pip configuration with your mirror: file:/etc/pip.conf */ pipConfig?: Secret,
    /** Debian's package sources, which replace /etc/apt/sources.list */ aptSources?: File,
    /** PEM certificates to trust besides the public ones */ caBundle?: File,
    /** Go module proxy to use as a mirror */ goProxy?: string,
    /** Address of your MLflow server, or DagsHub's; default: each call starts its own */ trackingUri?: string,
    /** User name for the tracking server */ trackingUsername?: string,
    /** Password for the tracking server: env:MLFLOW_TRACKING_PASSWORD */ trackingPassword?: Secret,
    /** Token for the tracking server, instead of name and password: env:MLFLOW_TRACKING_TOKEN */
    trackingToken?: Secret,
    /** AWS region, such as eu-central-1 */ awsRegion?: string,
    /** env:AWS_ACCESS_KEY_ID */ awsAccessKeyId?: Secret,
    /** env:AWS_SECRET_ACCESS_KEY */ awsSecretAccessKey?: Secret,
    /** env:AWS_SESSION_TOKEN */ awsSessionToken?: Secret,
    /** Role to assume with the web identity token, or with the keys */ awsRoleArn?: string,
    /** Web identity token for the role: file:/path */ awsWebIdentityToken?: Secret,
    /** Name of the EKS cluster to deploy to */ cluster?: string,
    /** Kubeconfig of any cluster, instead of an EKS cluster: file:$HOME/.kube/config */ kubeconfig?: Secret,
    /** Context of the kubeconfig; default its current one */ kubeContext?: string,
    /** Kubernetes API server, if only your machine reaches it: tcp://127.0.0.1:6443 */ apiServer?: Service,
    /** Private key in PEM, to sign the image that is pushed: env:RELEASE_KEY */ signKey?: Secret,
    /** Public key in PEM; nothing is deployed without a signature by it */ verifyKey?: File,
    /** Private key in PEM: models are signed with it, and one without its signature is refused: env:SENTIMENT_MODEL_KEY */
    modelKey?: Secret,
    /** Address of the texts, if params.yaml names a variable (source: env:REVIEWS_URL): env:REVIEWS_URL */ texts?: Secret,
  ) {
    Object.assign(this, { source, nodeImage, registryImage, clusterImage, platform });
    Object.assign(this, { npmrc, pipConfig, aptSources, caBundle, goProxy });
    Object.assign(this, { trackingUri, trackingUsername, trackingPassword, trackingToken });
    Object.assign(this, { awsRegion, awsAccessKeyId, awsSecretAccessKey, awsSessionToken, awsRoleArn });
    Object.assign(this, { awsWebIdentityToken, cluster, kubeconfig, kubeContext, apiServer });
    Object.assign(this, { signKey, verifyKey, modelKey, texts });
  }

  private get given(): Promise<Arguments> {
    return argumentsOf(this);
  }

  /** Checks the formatting and lints code, shell scripts, Dockerfile and workflows */
  @check()
  @func()
  async lint(): Promise<string> {
    return lint(toolboxOf(await this.given), this.source, this.goProxy);
  }

  /** Checks the types of the project and of this module */
  @check()
  @func()
  async typecheck(): Promise<string> {
    return typecheck(toolboxOf(await this.given), this.source);
  }

  /** Runs the unit tests, which need no servers and no network */
  @check()
  @func()
  async unitTest(): Promise<string> {
    return runTests(toolboxOf(await this.given), this.source, 'unit', unitTests);
  }

  /** Runs the integration tests with the real MLflow, DVC, Kubernetes, service and browser */
  @check()
  @func()
  async integrationTest(): Promise<string> {
    return runTests(toolboxOf(await this.given), this.source, 'integration', integrationTests, this.goProxy);
  }

  /** Checks that dvc.lock and the reports are what the code makes */
  @check()
  @func()
  async current(): Promise<string> {
    return checkCurrent(builderOf(await this.given));
  }

  /** Writes the generated files anew: dashboard, picture of the architecture, formatting */
  @generate()
  @func()
  async generate(): Promise<Changeset> {
    return generated(toolboxOf(await this.given), this.source);
  }

  /**
   * Runs the pipeline and returns the changed files: dvc.lock, reports and the model
   *
   * Stages with unchanged inputs come from DVC's cache. The model is registered with the tracking server, or without one
   * with an MLflow that exists only during the call.
   * @param dvcRemote DVC remote to pull from first and push to afterwards, such as s3://bucket/path
   */
  @func({ cache: 'never' })
  async repro(dvcRemote?: string): Promise<Changeset> {
    return reproAs(await this.given, dvcRemote);
  }

  /**
   * Runs a study of experiments.yaml and returns its tables, plots and suggested change
   * Cells that an earlier call finished do not run again. Without a tracking server nothing is logged to MLflow.
   */
  @func({ cache: 'never' })
  async study(name: StudyName): Promise<Changeset> {
    return studyAs(await this.given, name);
  }

  /**
   * Compares the model in Staging with the one in Production, and promotes it if it passes the gate
   * @param allowFailure Return a refusal as a result instead of an error
   */
  @func({ cache: 'never' })
  async promote(allowFailure: boolean = false): Promise<Result> {
    return ended(async () => promoteAs(await this.given), allowFailure);
  }

  /**
   * Puts an earlier model back into Production and holds the one that was left; or ends a hold
   * @param by Who decides, such as $USER
   * @param reason Why; needed for going back
   * @param version Version to go to, or with --lift the held one; default the one before, or the only held one
   * @param lift End the hold: the pipeline may promote this model again
   * @param deploy Build the image with the model gone back to, push it and roll it out
   * @param to With --deploy: as for release, as are username and password
   */
  @func({ cache: 'never' })
  async rollbackModel(
    by: string,
    reason?: string,
    version?: string,
    lift: boolean = false,
    deploy: boolean = false,
    to?: string,
    username?: string,
    password?: Secret,
  ): Promise<string> {
    const words = { by, reason, version, lift, deploy, to, username, password };
    const { report } = await ended(async () => rollBackAs(await this.given, words), false);
    return report;
  }

  /**
   * Builds the service's image with a model in it
   * @param model Model file; default the model in Production, or without a tracking server the one that repro builds
   * @param commit Commit to record in the image; default that of the source, with -dirty if something is not committed
   */
  @func({ cache: 'never' })
  async image(model?: File, commit?: string): Promise<Container> {
    return imageAs(await this.given, model, commit);
  }

  /**
   * Pushes the image to a registry, tagged with the commit; its field `reference` names the image by digest
   *
   * A missing repository in ECR is created with immutable tags, an existing one keeps its settings, and the call waits for ECR's scan.
   * @param to Registry and repository, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment
   * @param username User name for a registry other than ECR
   * @param password Password or token for a registry other than ECR
   * @param stopAt Stop if ECR's scan finds this severity or worse
   * @param model Model file; default the model in Production, or without a tracking server the one that repro builds
   * @param correctRepository Give an existing repository in ECR the settings of a new one
   */
  @func({ cache: 'never' })
  async publish(
    to: string,
    username?: string,
    password?: Secret,
    stopAt?: Severity,
    model?: File,
    correctRepository: boolean = false,
  ): Promise<Result> {
    return publishAs(await this.given, { to, username, password, stopAt, model, correctRepository });
  }

  /**
   * Updates the Deployment of manifests/app; explains a failed rollout and rolls back to the last good revision
   * @param image Image by digest, as `publish reference` prints it
   * @param commit Commit it was built from, to record in the cluster
   * @param modelVersion Version of its model, to record in the cluster
   * @param patience Seconds that a cause may last before it fails the rollout, such as image-not-found=120
   * @param deadline Limit for the whole rollout, such as 30m; default: what its pods need, one after the other
   * @param despite Refusal to pass and why, such as IMAGE_NOT_FOUND="we may not look into that account"
   * @param canary How long to compare one pod of the new revision with the old ones before the rest follows, such as 10m
   * @param bake How long to compare the new revision with the old one under traffic, such as 10m; 0: not at all
   * @param prometheus Address of a Prometheus: while watching, alerts of this service that begin to fire are a reason to go back
   * @param sample Questions that both images answer before any pod takes traffic, as `release` asks the held-out texts
   * @param maxFlips Refuse the release if more of these answers differ, such as 10%
   * @param allowFailure Return a failed rollout as a result, with its cause, instead of an error
   */
  @func({ cache: 'never' })
  async deploy(
    image: string,
    commit?: string,
    modelVersion?: string,
    patience: string[] = [],
    deadline?: string,
    despite: string[] = [],
    bake?: string,
    canary?: string,
    prometheus?: string,
    sample?: File,
    maxFlips?: string,
    allowFailure: boolean = false,
  ): Promise<Result> {
    const settings = { patience, deadline, despite, bake, canary, prometheus, maxFlips };
    const words = { image, commit, modelVersion, sample, ...settings };
    return ended(async () => deployAs(await this.given, words), allowFailure);
  }

  /**
   * Explains why the deployment is unhealthy, or confirms that it is healthy
   * @param allowFailure Return an unhealthy state as a result, with its cause, instead of an error
   */
  @func({ cache: 'never' })
  async diagnose(allowFailure: boolean = false): Promise<Result> {
    return ended(async () => diagnoseAs(await this.given), allowFailure);
  }

  /**
   * Releases: checks, pipeline, promotion, image, registry, cluster; stops at the first gate that refuses
   * @param to Registry and repository, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment
   * @param username User name for a registry other than ECR
   * @param password Password or token for a registry other than ECR
   * @param stopAt Stop if ECR's scan finds this severity or worse
   * @param targetsTo File in which Prometheus finds the address: s3://BUCKET/PREFIX/targets/sentiment.json of monitoring/ec2
   * @param patience As for deploy
   * @param deadline As for deploy
   * @param despite As for deploy
   * @param bake As for deploy, as are canary, prometheus and maxFlips
   * @param retrain Fetch the sources of texts anew, even if nothing else changed
   * @param checked This commit has passed all checks already, as CI knows: do not run them again
   * @param allowFailure As for deploy
   */
  @func({ cache: 'never' })
  async release(
    to: string,
    username?: string,
    password?: Secret,
    stopAt?: Severity,
    targetsTo?: string,
    patience: string[] = [],
    deadline?: string,
    despite: string[] = [],
    bake?: string,
    canary?: string,
    prometheus?: string,
    maxFlips?: string,
    retrain: boolean = false,
    checked: boolean = false,
    allowFailure: boolean = false,
  ): Promise<Result> {
    const settings = { patience, deadline, despite, bake, canary, prometheus, maxFlips };
    const wanted = { to, username, password, stopAt, targetsTo, ...settings, retrain, checked };
    const checks = () => Promise.all([this.lint(), this.typecheck(), this.unitTest(), this.integrationTest()]);
    return ended(async () => releaseAs(await this.given, wanted, checks), allowFailure);
  }

  /**
   * Rehearses a release without any account: with its own MLflow, registry, cluster and fake AWS
   * Does what release does, without the checks. It can also deploy to a cluster of yours.
   * @param to With your own cluster: the registry and repository that it pulls from
   * @param username User name for that registry
   * @param password Password for that registry
   */
  @func({ cache: 'never' })
  async rehearse(to?: string, username?: string, password?: Secret): Promise<string> {
    const { report } = await ended(async () => rehearseAs(await this.given, { to, username, password }), false);
    return report;
  }

  /**
   * Serves the model on your machine: dagger call serve up --ports 8080:8080
   * @param model Model file; default the model in Production, or without a tracking server the one that repro builds
   */
  @func({ cache: 'never' })
  async serve(model?: File): Promise<Service> {
    return (await this.image(model)).asService({ useEntrypoint: true });
  }

  /**
   * Runs the service with Prometheus and Grafana: dagger call monitoring up --ports 3000:3000
   * @param prometheusAlone Show Prometheus itself instead of Grafana: up --ports 9090:9090
   * @param model Model file; default the model in Production, or without a tracking server the one that repro builds
   */
  @func({ cache: 'never' })
  async monitoring(
    prometheusAlone: boolean = false,
    model?: File,
    prometheusImage: string = 'prom/prometheus:v3.13.5',
    grafanaImage: string = 'grafana/grafana:12.2.0',
  ): Promise<Service> {
    const images = { prometheus: prometheusImage, grafana: prometheusAlone ? undefined : grafanaImage };
    return monitored(this.source, () => this.serve(model), images);
  }

  /**
   * Checks that everything the other functions need exists and that we may use it
   * @param to Registry and repository that releases are pushed to
   * @param username User name for a registry other than ECR
   * @param password Password or token for a registry other than ECR
   */
  @func({ cache: 'never' })
  async doctor(to?: string, username?: string, password?: Secret): Promise<string> {
    return diagnosis(await examine(await this.given, { to, username, password }));
  }
}
