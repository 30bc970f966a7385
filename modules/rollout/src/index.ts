/**
 * A rolling update of any application that says why it failed, and goes back to the last good revision.
 *
 * The folder of manifests, the image and the cluster are arguments; nothing is installed in the cluster.
 */
import {
  argument,
  type Container,
  type Directory,
  dag,
  type File,
  func,
  object,
  ReturnType,
  type Secret,
  type Service,
} from '@dagger.io/dagger';
import { checkSecrets, optionsOf, type Result, resultOf } from './program.ts';

const PROGRAM = ['node', 'src/deploy/main.ts'];

@object()
export class Rollout {
  tool!: Directory;
  nodeImage!: string;
  npmrc?: Secret;
  caBundle?: File;
  kubeconfig?: Secret;
  context?: string;
  apiServer?: Service;
  dockerConfig?: Secret;
  cluster?: string;
  awsRegion?: string;
  awsAccessKeyId?: Secret;
  awsSecretAccessKey?: Secret;
  awsSessionToken?: Secret;

  constructor(
    /** The program and its pages: this module's own repository */
    @argument({
      defaultPath: '/',
      ignore: [
        '**',
        '!ci/package.json',
        '!ci/package-lock.json',
        '!ci/src/**/*.ts',
        '!docs/runbook/*.md',
        '**/*.test.ts',
      ],
    })
    tool: Directory,
    /** Image with Node 24 */ nodeImage: string = 'node:24-bookworm-slim',
    /** npm configuration with your mirror: file:$HOME/.npmrc */ npmrc?: Secret,
    /** PEM certificates to trust besides the public ones */ caBundle?: File,
    /** Kubeconfig of the cluster: file:$HOME/.kube/config */ kubeconfig?: Secret,
    /** Context of the kubeconfig; default its current one */ context?: string,
    /** Kubernetes API server, if only your machine reaches it: tcp://127.0.0.1:6443 */ apiServer?: Service,
    /** Sign-in to a registry that asks who reads a signature: file:$HOME/.docker/config.json */ dockerConfig?: Secret,
    /** EKS cluster by its name, instead of a kubeconfig */ cluster?: string,
    /** AWS region, such as eu-central-1; for an EKS cluster, and for images in ECR */ awsRegion?: string,
    /** env:AWS_ACCESS_KEY_ID */ awsAccessKeyId?: Secret,
    /** env:AWS_SECRET_ACCESS_KEY */ awsSecretAccessKey?: Secret,
    /** env:AWS_SESSION_TOKEN */ awsSessionToken?: Secret,
  ) {
    Object.assign(this, { tool, nodeImage, npmrc, caBundle, kubeconfig, context, apiServer, dockerConfig, cluster });
    Object.assign(this, { awsRegion, awsAccessKeyId, awsSecretAccessKey, awsSessionToken });
  }

  /**
   * Applies the manifests with the image, follows the rollout, and goes back if it fails
   * @param manifests Folder of the objects to apply
   * @param image Image by digest, registry/repository@sha256:...
   * @param name Deployment to follow; default the only one of the manifests
   * @param container Container that runs the image; default the only one
   * @param namespace For objects that name none; default `default`
   * @param commit Commit it was built from, to record in the cluster
   * @param patience Seconds that a cause may last before it fails the rollout, such as image-not-found=120
   * @param deadline Limit for the whole rollout, such as 30m; default: what its pods need, one after the other
   * @param despite Refusal to pass and why, such as NO_RIGHTS="the cluster grants by group"
   * @param canary How long to compare one pod of the new revision with the old ones before the rest follows, such as 10m
   * @param bake How long to compare the new revision with the old one under traffic, such as 10m
   * @param signals File that says what is compared; default: restarts only
   * @param prometheus While watching, alerts of this service that begin to fire there are a reason to go back
   * @param sample Questions that both images answer before any pod takes traffic; the signals say where they are asked
   * @param maxFlips Refuse the rollout if more of these answers differ, such as 10%
   * @param verifyKey Public key in PEM; an image without a signature by it is refused
   * @param allowFailure Return a failed rollout as a result, with its cause, instead of an error
   */
  @func({ cache: 'never' })
  async deploy(
    manifests: Directory,
    image: string,
    name?: string,
    container?: string,
    namespace?: string,
    commit?: string,
    patience: string[] = [],
    deadline?: string,
    despite: string[] = [],
    canary?: string,
    bake?: string,
    signals?: File,
    prometheus?: string,
    sample?: File,
    maxFlips?: string,
    verifyKey?: File,
    allowFailure: boolean = false,
  ): Promise<Result> {
    const words = { image, name, container, namespace, commit, patience, deadline, despite, canary, bake, prometheus };
    const files = { signals, sample, verifyKey };
    let ready = (await this.program()).withMountedDirectory('/manifests', manifests);
    for (const [option, file] of Object.entries(files))
      if (file) ready = ready.withMountedFile(`/given/${option}`, file);
    const paths = Object.entries(files).map(([option, file]) => [option, file && `/given/${option}`]);
    const given = { ...words, maxFlips, manifests: '/manifests', ...Object.fromEntries(paths) };
    return this.run(ready, 'deploy', given, allowFailure);
  }

  /**
   * Explains why a Deployment is unhealthy, or confirms that it is healthy
   * @param name The Deployment
   * @param namespace Its namespace; default `default`
   * @param allowFailure Return an unhealthy state as a result, with its cause, instead of an error
   */
  @func({ cache: 'never' })
  async diagnose(name: string, namespace?: string, allowFailure: boolean = false): Promise<Result> {
    return this.run(await this.program(), 'diagnose', { name, namespace }, allowFailure);
  }

  /**
   * The page about a cause: what it means, how to look, what to do
   * @param cause As in a report: image-not-found, or ROLLOUT_IMAGE_NOT_FOUND
   */
  @func()
  async page(cause: string): Promise<string> {
    const name = cause
      .replace(/^ROLLOUT_/, '')
      .toLowerCase()
      .replaceAll('_', '-');
    const pages = this.pages();
    const known = (await pages.entries()).map((file) => file.replace(/\.md$/, ''));
    if (known.includes(name)) return pages.file(`${name}.md`).contents();
    throw new Error(`there is no page about "${cause}"; there is one about each of ${known.join(', ')}`);
  }

  /** The pages about all causes */
  @func()
  pages(): Directory {
    return this.tool.directory('docs/runbook').filter({ exclude: ['alert-*', 'README.md'] });
  }

  /** The program in a container that can reach the cluster. Its packages come from the cache unless the lock file changes. */
  private async program(): Promise<Container> {
    const { npmrc, kubeconfig, dockerConfig, awsAccessKeyId, awsSecretAccessKey, awsSessionToken } = this;
    await checkSecrets({ npmrc, kubeconfig, dockerConfig, awsAccessKeyId, awsSecretAccessKey, awsSessionToken });
    const lock = this.tool.filter({ include: ['ci/package.json', 'ci/package-lock.json'] });
    const code = this.tool.filter({ include: ['ci/src', 'docs/runbook'] });
    let container = dag.container().from(this.nodeImage).withWorkdir('/tool/ci').withDirectory('/tool', lock);
    if (this.caBundle)
      container = container.withFile('/ca.pem', this.caBundle).withEnvVariable('NODE_EXTRA_CA_CERTS', '/ca.pem');
    container = container.withMountedCache('/root/.npm', dag.cacheVolume('rollout-npm'));
    if (this.npmrc) container = container.withMountedSecret('/root/.npmrc', this.npmrc);
    container = container.withExec(['npm', 'ci', '--omit=dev', '--ignore-scripts', '--loglevel=error']);
    if (this.npmrc) container = container.withoutMount('/root/.npmrc');
    container = container.withoutMount('/root/.npm').withDirectory('/tool', code);
    if (this.kubeconfig) container = container.withMountedSecret('/run/kubeconfig', this.kubeconfig);
    if (this.dockerConfig) container = container.withMountedSecret('/root/.docker/config.json', this.dockerConfig);
    if (this.awsRegion) container = container.withEnvVariable('AWS_REGION', this.awsRegion);
    if (this.awsAccessKeyId) container = container.withSecretVariable('AWS_ACCESS_KEY_ID', this.awsAccessKeyId);
    if (this.awsSecretAccessKey)
      container = container.withSecretVariable('AWS_SECRET_ACCESS_KEY', this.awsSecretAccessKey);
    if (this.awsSessionToken) container = container.withSecretVariable('AWS_SESSION_TOKEN', this.awsSessionToken);
    // What follows is never cached.
    return container.withEnvVariable('NOW', new Date().toISOString());
  }

  private async run(
    container: Container,
    command: 'deploy' | 'diagnose',
    words: Record<string, string | string[] | undefined>,
    allowFailure: boolean,
  ): Promise<Result> {
    if (Boolean(this.cluster) === (this.kubeconfig !== undefined))
      throw new Error(`${command} needs one cluster: --kubeconfig=file:$HOME/.kube/config, or --cluster=NAME for EKS`);
    const server = this.apiServer && (await (await this.apiServer.start()).endpoint());
    const kubeconfig = this.kubeconfig && '/run/kubeconfig';
    const options = optionsOf({ ...words, kubeconfig, context: this.context, cluster: this.cluster, server });
    const ran = container.withExec([...PROGRAM, command, '--json', ...options], { expect: ReturnType.Any });
    const [exitCode, stdout, stderr] = await Promise.all([ran.exitCode(), ran.stdout(), ran.stderr()]);
    const result = resultOf({ exitCode, stdout, stderr }, command === 'deploy' ? String(words.image) : '');
    if (result.exitCode === 0 || allowFailure) return result;
    throw new Error(result.report);
  }
}
