/** A release in a world of its own, which ends with the call: MLflow, an AWS that owns nothing, a registry, a cluster. */
import { randomUUID } from 'node:crypto';
import type { Container } from '@dagger.io/dagger';
import type { Builder } from '../containers/image.ts';
import { startCluster } from '../containers/k3s.ts';
import { mlflowService, withOwnMlflow } from '../containers/pipeline.ts';
import { awsDouble, passwordRegistry, REGISTRY } from '../containers/rehearsal.ts';
import { givenKubeConfig } from '../deploy/kubeconfig.ts';
import { waitForNode } from '../deploy/nodes.ts';
import { registryLogin } from '../registry/login.ts';
import { awsClients } from '../world/aws_clients.ts';
import { withServer } from './cluster.ts';
import type { Call } from './model.ts';
import type { Destination } from './publish.ts';
import { releaseTo, type World } from './release.ts';
import { manifestsOf } from './rollout.ts';

export type Stage = Builder & {
  toolbox: Container;
  registryImage: string;
  clusterImage: string;
};

/** A cluster that was given, and the registry that it pulls from. */
export type Given = { destination: Destination; cluster: World['cluster'] };

const NAME = { registry: REGISTRY, repository: 'sentiment' };

/** What is not given is made. Throws what releaseTo throws; CLUSTER_NOT_READY. */
export async function rehearse(stage: Stage, tag: string, call: Call, given?: Given): Promise<string> {
  const { toolbox } = stage;
  const mlflow = await mlflowService(toolbox).start();
  const { destination, cluster } = given ?? (await embedded(stage, tag));
  return releaseTo({ ...stage, tracking: withOwnMlflow(mlflow), destination, cluster }, call);
}

/** As at AWS: ECR gives out a repository and a password, and a registry and a cluster know no other. */
async function embedded(
  { source, toolbox, registryImage, clusterImage, nodeImage }: Stage,
  tag: string,
): Promise<Given> {
  const aws = await awsDouble(toolbox).start();
  const clients = awsClients({
    region: 'us-east-1',
    credentials: { kind: 'keys', accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' },
    endpoint: await aws.endpoint({ scheme: 'http' }),
  });
  const { username, password } = await registryLogin(clients, REGISTRY);
  const service = await passwordRegistry(registryImage, toolbox, { username, password }).start();
  const registryUrl = await service.endpoint({ scheme: 'http' });
  const k3s = await startCluster(clusterImage, { service, username, password }, nodeImage, randomUUID());
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
