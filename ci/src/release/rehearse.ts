/** A release in a world of its own, which ends with the call: MLflow, an AWS that owns nothing, a registry, a cluster. */
import type { Container, Directory } from '@dagger.io/dagger';
import type { Mirrors } from '../containers/options.ts';
import { mlflowService, withOwnMlflow } from '../containers/pipeline.ts';
import { awsDouble, passwordRegistry, REGISTRY } from '../containers/rehearsal.ts';
import { registryLogin } from '../registry/login.ts';
import { awsClients } from '../world/aws_clients.ts';
import type { Call } from './model.ts';
import type { Destination } from './publish.ts';
import { releaseTo } from './release.ts';

export type Stage = {
  source: Directory;
  toolbox: Container;
  nodeImage: string;
  mirrors: Mirrors;
  registryImage: string;
};

export async function rehearse(stage: Stage, tag: string, call: Call): Promise<string> {
  const { toolbox } = stage;
  const mlflow = await mlflowService(toolbox).start();
  const destination = await rehearsalRegistry(stage, tag);
  return releaseTo({ ...stage, tracking: withOwnMlflow(mlflow), destination }, call);
}

/** As ECR is: it is asked for a repository and a password, and the images are in a registry that wants that password. */
async function rehearsalRegistry({ toolbox, registryImage }: Stage, tag: string): Promise<Destination> {
  const aws = await awsDouble(toolbox).start();
  const clients = awsClients({
    region: 'us-east-1',
    credentials: { kind: 'keys', accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' },
    endpoint: await aws.endpoint({ scheme: 'http' }),
  });
  const login = await registryLogin(clients, REGISTRY);
  const registryService = await passwordRegistry(registryImage, toolbox, login).start();
  const registryUrl = await registryService.endpoint({ scheme: 'http' });
  const name = { registry: REGISTRY, repository: 'sentiment' };
  return { name, tag, registryService, ecr: { clients, registryUrl } };
}
