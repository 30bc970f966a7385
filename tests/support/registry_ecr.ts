/**
 * ECR for tests: moto answers the API calls and issues the password, a real registry stores the images. Moto has no
 * registry, so each push to the registry is also recorded in moto.
 */

import { type AwsClients, awsClients } from '../../ci/src/aws/clients.ts';
import { CONTENT_LABEL, type RegistryLogin, registryLogin } from '../../ci/src/ecr/registry.ts';
import { type Layer, layerOfFiles, push } from './cluster/image.ts';
import { askMoto, type MotoServer, startMoto } from './moto.ts';
import { type RegistryServer, startRegistry } from './registry.ts';

export type Program = { layers: Layer[]; entrypoint: string[] };

export type EcrLab = {
  moto: MotoServer;
  registry: RegistryServer;
  clients: AwsClients;
  /** Calls ECR's API directly, for what the pipeline does not call. */
  ecr(action: string, body: object): Promise<unknown>;
  login: RegistryLogin;
  /** Pushes a small image, or one that runs, and returns its digest. Equal content has an equal digest. */
  push(repository: string, tag: string, content: string, program?: Program): Promise<string>;
  /** Sets the result of the next scan, in the format of DescribeImageScanFindings. */
  findings(answer: object): Promise<void>;
  stop(): Promise<void>;
};

/** Starts a registry, unless `host` is one that runs and accepts moto's password. The caller must stop it. */
export async function startEcr(host?: string): Promise<EcrLab> {
  const given = host === undefined ? undefined : { host, stop: async () => {} };
  const [moto, registry] = await Promise.all([startMoto(), given ?? startRegistry()]);
  const clients = awsClients({
    region: 'us-east-1',
    endpoint: moto.uri,
    credentials: { kind: 'keys', accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const login = await registryLogin(clients, `http://${registry.host}`);
  const ecr = (action: string, body: object) =>
    askMoto(moto, 'ecr', { 'x-amz-target': `AmazonEC2ContainerRegistry_V20150921.${action}` }, '/', body);
  return {
    moto,
    registry,
    clients,
    ecr,
    login,
    async push(repository, tag, content, program) {
      const layers = program?.layers ?? [await layerOfFiles({ 'a-file': import.meta.filename })];
      const config = { Labels: { [CONTENT_LABEL]: content }, ...(program && { Entrypoint: program.entrypoint }) };
      const image = { name: repository, tag, layers, config };
      const { digest } = await push({ host: registry.host, user: login.username, password: login.password }, image);
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
  const response = await fetch(`${login.host}/v2/${repository}/manifests/${imageDigest}`, {
    headers: { accept: imageManifestMediaType, authorization },
  });
  return { imageManifest: await response.text(), imageManifestMediaType, imageDigest };
}
