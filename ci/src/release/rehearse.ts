/** A release on servers that exist only during the call: MLflow, a fake AWS, a registry, a cluster. */
import { randomUUID } from 'node:crypto';
import type { Container, Secret, Service } from '@dagger.io/dagger';
import { type Arguments, awsClientsOf, builderOf } from '../arguments.ts';
import { awsClients } from '../aws/clients.ts';
import { fetchable } from '../containers/base_images.ts';
import type { Builder } from '../containers/image.ts';
import { mlflowService, withModelKey, withOwnMlflow } from '../containers/pipeline.ts';
import { awsDouble, passwordRegistry, REGISTRY, startCluster } from '../containers/rehearsal.ts';
import { givenKubeConfig, withServer } from '../deploy/kubeconfig.ts';
import { registryLogin } from '../ecr/registry.ts';
import { PipelineError } from '../errors.ts';
import { waitForNode } from '../kubernetes/nodes.ts';
import type { Result } from '../result.ts';
import { runStep } from '../step.ts';
import { askCluster, hasCluster, manifestsOf, targetOf } from './cluster.ts';
import { type Call, callOf, type Workspace } from './model.ts';
import { destinationOf, openDestination, treeTag } from './publish.ts';
import { type ReleaseInputs, releaseTo } from './release.ts';

type RehearsalInputs = Builder &
  Workspace & {
    registryImage: string;
    clusterImage: string;
    modelKey?: Secret;
  };

/** A cluster and the registry that it pulls from. */
type RehearsalTarget = Pick<ReleaseInputs, 'destination' | 'cluster'>;

const NAME = { registry: REGISTRY, repository: 'sentiment' };

/** On servers of its own, or on the caller's cluster with the registry that it pulls from. */
export async function rehearseAs(
  given: Arguments,
  { to, username, password }: { to?: string; username?: string; password?: Secret },
): Promise<Result> {
  const tag = await treeTag(given.source);
  const { registry: registryImage, cluster: clusterImage } = given.images;
  const inputs = { ...builderOf(given), registryImage, clusterImage, modelKey: given.signing.modelKey };
  if (!hasCluster(given.target)) {
    if (to === undefined && username === undefined && password === undefined)
      return rehearse(inputs, tag, callOf('rehearse'));
    const headline = 'rehearse: --to, --username and --password are for a cluster of yours, and none was given';
    const next = 'add --kubeconfig file:$HOME/.kube/config, or leave them out';
    throw new PipelineError('CLUSTER_ARGUMENTS', headline, { next });
  }
  const registry = { to: neededRepository(to), username, password };
  const destination = await destinationOf(registry, tag, () => awsClientsOf(given));
  const cluster = await targetOf(given, 'rehearse');
  await Promise.all([openDestination(destination).then(({ look }) => look(tag)), askCluster(cluster)]);
  return rehearse(inputs, tag, callOf('rehearse'), { destination, cluster });
}

/** Without a target, starts a registry and a cluster of its own. Throws what releaseTo throws; CLUSTER_NOT_READY. */
async function rehearse(inputs: RehearsalInputs, tag: string, call: Call, target?: RehearsalTarget): Promise<Result> {
  const { destination, cluster } = target ?? (await ownTarget(inputs, tag));
  const mlflow = await runStep({ function: 'rehearse', step: 'starts its MLflow' }, () =>
    mlflowService(inputs.toolbox).start(),
  );
  const tracking = (container: Container) => container.with(withOwnMlflow(mlflow)).with(withModelKey(inputs.modelKey));
  return releaseTo({ ...inputs, tracking, destination, cluster }, call);
}

/** The registry and repository for a cluster of the caller's. Throws CLUSTER_ARGUMENTS. */
function neededRepository(to: string | undefined): string {
  if (to !== undefined) return to;
  const headline = 'rehearse: your cluster cannot pull from a registry that exists only during this call';
  throw new PipelineError('CLUSTER_ARGUMENTS', headline, { next: 'add --to REGISTRY/REPOSITORY' });
}

/** As in AWS: ECR creates the repository and issues the password, the only one that registry and cluster accept. */
async function ownTarget(
  { source, toolbox, registryImage, clusterImage, nodeImage }: RehearsalInputs,
  tag: string,
): Promise<RehearsalTarget> {
  await fetchable('rehearse', { '--registry-image': registryImage, '--cluster-image': clusterImage });
  const start = (server: string, work: () => Promise<Service>) =>
    runStep({ function: 'rehearse', step: `starts its ${server}` }, work);
  const aws = await start('fake AWS', () => awsDouble(toolbox).start());
  const clients = awsClients({
    region: 'us-east-1',
    credentials: { kind: 'keys', accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' },
    endpoint: await aws.endpoint({ scheme: 'http' }),
  });
  const { username, password } = await registryLogin(clients, REGISTRY);
  const service = await start('registry', () =>
    passwordRegistry(registryImage, toolbox, { username, password }).start(),
  );
  const registryUrl = await service.endpoint({ scheme: 'http' });
  const k3s = await runStep({ function: 'rehearse', step: 'starts its cluster' }, () =>
    startCluster(clusterImage, { service, username, password }, nodeImage, randomUUID()),
  );
  const kubeConfig = withServer(givenKubeConfig(k3s.kubeconfig), await k3s.service.endpoint());
  await waitForNode(kubeConfig);
  return {
    destination: { name: NAME, tag, registryService: service, ecr: { clients, registryUrl } },
    cluster: {
      kubeConfig,
      manifests: await manifestsOf(source, ['manifests/cluster/*-namespace.yaml', 'manifests/app/*.yaml']),
    },
  };
}
