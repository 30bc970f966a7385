/**
 * ECR for tests: moto keeps the books and hands out the password, a real registry holds the images. Moto has no registry
 * of its own, so what is pushed to the one is told to the other.
 */
import { type RegistryLogin, registryLogin } from '../../ci/src/registry/login.ts';
import { CONTENT_LABEL } from '../../ci/src/registry/tag.ts';
import { type AwsClients, awsClients } from '../../ci/src/world/aws_clients.ts';
import { layerOfFiles, push } from './cluster/image.ts';
import { askMoto, type MotoServer, startMoto } from './moto.ts';
import { type RegistryServer, startRegistry } from './registry.ts';

export type EcrLab = {
  moto: MotoServer;
  registry: RegistryServer;
  clients: AwsClients;
  /** ECR's own interface, for what the pipeline does not ask. */
  ecr(action: string, body: object): Promise<unknown>;
  login: RegistryLogin;
  /** Pushes a small image and answers its digest. The same content gives the same digest. */
  push(repository: string, tag: string, content: string): Promise<string>;
  /** What the next scan of an image is to find, as DescribeImageScanFindings answers it. */
  findings(answer: object): Promise<void>;
  stop(): Promise<void>;
};

export async function startEcr(): Promise<EcrLab> {
  const [moto, registry] = await Promise.all([startMoto(), startRegistry()]);
  const clients = awsClients({
    region: 'us-east-1',
    endpoint: moto.uri,
    credentials: { kind: 'keys', accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const login = await registryLogin(clients, registry.host);
  const ecr = (action: string, body: object) =>
    askMoto(moto, 'ecr', { 'x-amz-target': `AmazonEC2ContainerRegistry_V20150921.${action}` }, '/', body);
  return {
    moto,
    registry,
    clients,
    ecr,
    login,
    async push(repository, tag, content) {
      const layers = [await layerOfFiles({ 'LICENSE-OF-NOTHING': import.meta.filename })];
      const image = { name: repository, tag, layers, config: { Labels: { [CONTENT_LABEL]: content } } };
      const { digest } = await push({ host: login.host, user: login.username, password: login.password }, image);
      await ecr('PutImage', {
        ...(await manifestOf(login, repository, digest)),
        repositoryName: repository,
        imageTag: tag,
      });
      return digest;
    },
    async findings(answer) {
      const body = { region: 'us-east-1', results: [answer] };
      await askMoto(moto, 'ecr', {}, '/moto-api/static/ecr/scan-finding-results', body);
    },
    async stop() {
      clients.destroy();
      await Promise.all([moto.stop(), registry.stop()]);
    },
  };
}

async function manifestOf(login: RegistryLogin, repository: string, imageDigest: string) {
  const imageManifestMediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const response = await fetch(`http://${login.host}/v2/${repository}/manifests/${imageDigest}`, {
    headers: { accept: imageManifestMediaType, authorization },
  });
  return { imageManifest: await response.text(), imageManifestMediaType, imageDigest };
}
