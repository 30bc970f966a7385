/**
 * From reviews to a service, in containers: checks, DVC stages, MLflow, image, release.
 *
 * Everything CI does is a function here, and does the same on a laptop. `dagger call rehearse` shows all of it at work
 * without any account; `dagger check` is what a pull request has to pass.
 */
import {
  argument,
  type Changeset,
  type Container,
  check,
  type Directory,
  type File,
  func,
  object,
  type Secret,
  type Service,
} from '@dagger.io/dagger';
import { integrationTests, unitTests } from './checks/parts.ts';
import { lint, runTests, typecheck } from './checks/run.ts';
import { buildImage, contentId } from './containers/image.ts';
import { grafana, prometheus } from './containers/monitoring.ts';
import { neverCached, withTracking } from './containers/pipeline.ts';
import { parsePatience } from './diagnosis/causes.ts';
import { examine } from './doctor/examine.ts';
import { diagnosis } from './doctor/finding.ts';
import { PipelineError } from './errors.ts';
import { hasCluster, type TargetCluster, targetCluster } from './release/cluster.ts';
import { type Call, makeModel, promote, servedModel } from './release/model.ts';
import { destinationOf, publish, treeTag } from './release/publish.ts';
import { rehearse } from './release/rehearse.ts';
import { releaseTo } from './release/release.ts';
import { reproduce } from './release/repro.ts';
import { announcementOf, diagnoseDeployment, rollOut } from './release/rollout.ts';
import { awsClientsOf, awsOf, builderOf, neededTracking, toolboxOf, trackingOf } from './settings.ts';
import { runStep } from './step.ts';
import { runStudy } from './study.ts';

@object()
export class Sentiment {
  source: Directory;
  nodeImage: string;
  platform?: string;
  registryImage: string;
  clusterImage: string;
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

  /**
   * @param source The repository
   * @param nodeImage Image with Node 24 on Debian 12 that everything starts from
   * @param registryImage Image of the registry that a rehearsal pushes to
   * @param clusterImage Image of k3s, the cluster that a rehearsal deploys to
   * @param platform Platform of the service's image, such as linux/amd64; by default the engine's own
   * @param npmrc Configuration of npm, for a mirror: file:$HOME/.npmrc
   * @param pipConfig Configuration of pip, for a mirror: file:/etc/pip.conf
   * @param aptSources Debian's package sources, in place of /etc/apt/sources.list
   * @param caBundle Certificates to trust besides the public ones, PEM
   * @param goProxy Go module proxy, for a mirror
   * @param trackingUri MLflow server, or DagsHub's; without it each call has an MLflow of its own
   * @param trackingUsername User name at the tracking server
   * @param trackingPassword Password at the tracking server: env:MLFLOW_TRACKING_PASSWORD
   * @param trackingToken Token at the tracking server, in place of name and password: env:MLFLOW_TRACKING_TOKEN
   * @param awsRegion Region, such as eu-central-1
   * @param awsAccessKeyId env:AWS_ACCESS_KEY_ID
   * @param awsSecretAccessKey env:AWS_SECRET_ACCESS_KEY
   * @param awsSessionToken env:AWS_SESSION_TOKEN
   * @param awsRoleArn Role to take with a web identity token, or on top of keys
   * @param awsWebIdentityToken The token: file:/path
   * @param cluster Name of the EKS cluster to deploy to
   * @param kubeconfig In place of an EKS cluster's name, any cluster: file:$HOME/.kube/config
   * @param kubeContext Context of the kubeconfig, in place of its current one
   * @param apiServer The cluster's API, when only this machine reaches it: tcp://127.0.0.1:6443
   */
  constructor(
    @argument({
      defaultPath: '/',
      ignore: [
        '**/node_modules',
        '.venv',
        '.tools',
        '.local',
        'data',
        'models',
        '.dvc/cache',
        '.dvc/tmp',
        'ci/sdk',
        '**/__pycache__',
        '.env',
      ],
    })
    source: Directory,
    nodeImage: string = 'node:24-bookworm-slim',
    registryImage: string = 'registry:2',
    clusterImage: string = 'rancher/k3s:v1.35.0-k3s1',
    platform?: string,
    npmrc?: Secret,
    pipConfig?: Secret,
    aptSources?: File,
    caBundle?: File,
    goProxy?: string,
    trackingUri?: string,
    trackingUsername?: string,
    trackingPassword?: Secret,
    trackingToken?: Secret,
    awsRegion?: string,
    awsAccessKeyId?: Secret,
    awsSecretAccessKey?: Secret,
    awsSessionToken?: Secret,
    awsRoleArn?: string,
    awsWebIdentityToken?: Secret,
    cluster?: string,
    kubeconfig?: Secret,
    kubeContext?: string,
    apiServer?: Service,
  ) {
    this.source = source;
    this.nodeImage = nodeImage;
    this.registryImage = registryImage;
    this.clusterImage = clusterImage;
    this.platform = platform;
    this.npmrc = npmrc;
    this.pipConfig = pipConfig;
    this.aptSources = aptSources;
    this.caBundle = caBundle;
    this.goProxy = goProxy;
    this.trackingUri = trackingUri;
    this.trackingUsername = trackingUsername;
    this.trackingPassword = trackingPassword;
    this.trackingToken = trackingToken;
    this.awsRegion = awsRegion;
    this.awsAccessKeyId = awsAccessKeyId;
    this.awsSecretAccessKey = awsSecretAccessKey;
    this.awsSessionToken = awsSessionToken;
    this.awsRoleArn = awsRoleArn;
    this.awsWebIdentityToken = awsWebIdentityToken;
    this.cluster = cluster;
    this.kubeconfig = kubeconfig;
    this.kubeContext = kubeContext;
    this.apiServer = apiServer;
  }

  /** Code, shell scripts, Dockerfile and workflows: formatting and lint */
  @check()
  @func()
  async lint(): Promise<string> {
    return lint(toolboxOf(this), this.source, this.goProxy);
  }

  /** Strict types, of this module too */
  @check()
  @func()
  async typecheck(): Promise<string> {
    return typecheck(toolboxOf(this), this.source);
  }

  /** Unit tests: no servers, no network */
  @check()
  @func()
  async unitTest(): Promise<string> {
    return runTests(toolboxOf(this), this.source, 'unit', unitTests);
  }

  /** Tests with the real MLflow, DVC, Kubernetes, service and browser */
  @check()
  @func()
  async integrationTest(): Promise<string> {
    return runTests(toolboxOf(this), this.source, 'integration', integrationTests, this.goProxy);
  }

  /**
   * Runs the pipeline and gives back what has changed: dvc.lock, reports and the model
   *
   * Stages whose inputs are known come from DVC's cache. With a tracking server the model is registered there, else with
   * an MLflow of its own that goes when the call ends.
   * @param dvcRemote DVC remote to pull from before and push to after, such as s3://bucket/path
   */
  @func({ cache: 'never' })
  async repro(dvcRemote?: string): Promise<Changeset> {
    const remote = dvcRemote ? { url: dvcRemote, aws: awsOf(this) } : undefined;
    const inputs = { source: this.source, toolbox: toolboxOf(this), tracking: trackingOf(this), remote };
    return (await reproduce(inputs, callOf('repro'))).changes(this.source);
  }

  /**
   * Runs a study of experiments.yaml and gives back its tables, plots and suggested change
   *
   * Cells that an earlier call has finished are not run again. Without a tracking server there are no runs in MLflow.
   * @param name compare, tune or ablation
   */
  @func({ cache: 'never' })
  async study(name: string): Promise<Changeset> {
    return (await runStudy(this, name, callOf('study'))).changes(this.source);
  }

  /** Compares the model in Staging with the one in Production, and promotes it if the gate lets it pass */
  @func({ cache: 'never' })
  async promote(): Promise<string> {
    const call = callOf('promote');
    const tracking = neededTracking(this, 'promote');
    // The texts to compare on are the stages' own.
    const made = await makeModel(toolboxOf(this), this.source, call);
    return (await promote(made.with(withTracking(tracking)).with(neverCached(call.when)), call)).verdict;
  }

  /**
   * The service's image, with a model inside
   * @param model Model file; without it the one in Production, or without a tracking server the one that repro makes
   * @param commit Commit to write into the image
   */
  @func({ cache: 'never' })
  async image(model?: File, commit?: string): Promise<Container> {
    const call = callOf('image');
    const content = model ? { model, commit } : await servedModel(builderOf(this), trackingOf(this), call, commit);
    const next = 'docker build . says the same at more length';
    const image = await buildImage(builderOf(this), content);
    return runStep({ function: 'image', step: 'builds the Dockerfile', next }, () => image.sync());
  }

  /**
   * Pushes the image to a registry, tagged with the commit, and answers its reference by digest
   *
   * ECR's repository is made if it is missing, with tags that never move; its scan is waited for.
   * @param to Registry and repository, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment
   * @param username User name at a registry other than ECR
   * @param password Password or token at a registry other than ECR
   * @param stopAt Severity of a finding of ECR's scan that is not let pass: critical, high, medium, low
   * @param model Model file; without it the one in Production, or without a tracking server the one that repro makes
   */
  @func({ cache: 'never' })
  async publish(to: string, username?: string, password?: Secret, stopAt?: string, model?: File): Promise<string> {
    const call = callOf('publish');
    const tag = await treeTag(this.source);
    const destination = await destinationOf({ to, username, password, stopAt }, tag, () => awsClientsOf(this));
    const content = model ? { model, commit: tag } : await servedModel(builderOf(this), trackingOf(this), call, tag);
    const image = await buildImage(builderOf(this), content);
    const build = { image, content: await contentId(this.source, content) };
    const { reference, notes } = await publish(build, destination, call);
    return [...notes, reference].join('\n');
  }

  /**
   * A rolling update of manifests/app, explained; one that fails goes back to the last good revision by itself
   * @param image By digest, as publish answers it
   * @param commit Commit it was built from, to note in the cluster
   * @param modelVersion Version of the model in it, to note in the cluster
   * @param patience Seconds that a cause has before it fails the rollout, such as image-not-found=120
   */
  @func({ cache: 'never' })
  async deploy(image: string, commit?: string, modelVersion?: string, patience: string[] = []): Promise<string> {
    const own = { image, commit, modelVersion, patience: parsePatience(patience) };
    return rollOut({ ...(await targetOf(this, 'deploy')), ...own }, callOf('deploy'));
  }

  /** Why the deployment is unhealthy, or that it is not */
  @func({ cache: 'never' })
  async diagnose(): Promise<string> {
    return diagnoseDeployment(await targetOf(this, 'diagnose'));
  }

  /**
   * Everything in order, to the first gate that refuses: checks, pipeline, promotion, image, registry, cluster
   * @param to Registry and repository, such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment
   * @param username User name at a registry other than ECR
   * @param password Password or token at a registry other than ECR
   * @param stopAt Severity of a finding of ECR's scan that is not let pass: critical, high, medium, low
   * @param targetsTo Where Prometheus finds the address: s3://BUCKET/PREFIX/targets/sentiment.json of monitoring/ec2
   */
  @func({ cache: 'never' })
  async release(
    to: string,
    username?: string,
    password?: Secret,
    stopAt?: string,
    targetsTo?: string,
  ): Promise<string> {
    const tracking = neededTracking(this, 'release');
    const commit = await treeTag(this.source);
    if (commit.endsWith('-dirty')) {
      const next = 'commit them, or use rehearse';
      throw new PipelineError('DIRTY', 'release: the tag is the commit, and some changes are not committed', { next });
    }
    const destination = await destinationOf({ to, username, password, stopAt }, commit, () => awsClientsOf(this));
    // Wrong names are reported before the checks run, which take long.
    const cluster = hasCluster(this) ? await targetOf(this, 'release') : undefined;
    const announcement = await announcementOf(targetsTo, () => awsClientsOf(this));
    await Promise.all([this.lint(), this.typecheck(), this.unitTest(), this.integrationTest()]);
    const inputs = { ...builderOf(this), tracking: withTracking(tracking), destination, cluster, announcement };
    return releaseTo(inputs, callOf('release'));
  }

  /**
   * A release on embedded parts, without any account: MLflow, a registry and a cluster as services, and a double of AWS
   *
   * As release, all but the checks. A cluster of yours can take the place of the embedded one.
   * @param to With a cluster of yours: registry and repository that it pulls from
   * @param username User name there
   * @param password Password there
   */
  @func({ cache: 'never' })
  async rehearse(to?: string, username?: string, password?: Secret): Promise<string> {
    const tag = await treeTag(this.source);
    const inputs = { ...builderOf(this), registryImage: this.registryImage, clusterImage: this.clusterImage };
    if (!hasCluster(this)) return rehearse(inputs, tag, callOf('rehearse'));
    if (to === undefined) {
      const headline = 'rehearse: a cluster was given, which cannot pull from a registry that lives inside this call';
      throw new PipelineError('CLUSTER_ARGUMENTS', headline, { next: 'add --to REGISTRY/REPOSITORY' });
    }
    const destination = await destinationOf({ to, username, password }, tag, () => awsClientsOf(this));
    const cluster = await targetOf(this, 'rehearse');
    return rehearse(inputs, tag, callOf('rehearse'), { destination, cluster });
  }

  /**
   * The service, to bring up here: dagger call serve up --ports 8080:8080
   * @param model Model file; without it the one in Production, or without a tracking server the one that repro makes
   */
  @func({ cache: 'never' })
  async serve(model?: File): Promise<Service> {
    return (await this.image(model)).asService({ useEntrypoint: true });
  }

  /**
   * Prometheus and Grafana looking at the service: dagger call monitoring up --ports 3000:3000
   * @param prometheusAlone Prometheus' own pages in place of Grafana's: up --ports 9090:9090
   * @param model Model file; without it the one in Production, or without a tracking server the one that repro makes
   */
  @func({ cache: 'never' })
  async monitoring(
    prometheusAlone: boolean = false,
    model?: File,
    prometheusImage: string = 'prom/prometheus:v3.13.5',
    grafanaImage: string = 'grafana/grafana:12.2.0',
  ): Promise<Service> {
    const watched = prometheus(this.source, await this.serve(model), prometheusImage);
    return prometheusAlone ? watched : grafana(this.source, watched, grafanaImage);
  }

  /**
   * Looks whether what the other functions need is there and lets us in
   * @param to Registry and repository that releases go to
   */
  @func({ cache: 'never' })
  async doctor(to?: string): Promise<string> {
    return diagnosis(await examine(this, to));
  }
}

function callOf(name: string): Call {
  return { function: name, when: new Date().toISOString() };
}

async function targetOf(given: Sentiment, functionName: string): Promise<TargetCluster> {
  return targetCluster(given, given.source, await awsClientsOf(given), functionName);
}
