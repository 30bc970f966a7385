/**
 * The address of a new release (its load balancer's), and the file in S3 from which Prometheus reads it. An S3 object is
 * replaced as a whole, so Prometheus never reads half of it.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand } from '#aws/client-s3';
import type { KubeConfig } from '#kubernetes';
import type { AwsClients } from '../aws/clients.ts';
import { awsError } from '../aws/errors.ts';
import { isDeployment, type Manifest } from '../deploy/manifest.ts';
import { addressOf } from '../deploy/outside.ts';
import { PipelineError } from '../errors.ts';
import { ifFound, isForbidden, withRetries } from '../kubernetes/api_error.ts';
import { kubernetes } from '../kubernetes/client.ts';

export type S3Object = { bucket: string; key: string };

/** What happens with the address of a new release. */
export type Announcement = {
  /** How long to wait for the load balancer's address, in milliseconds. */
  waitMs: number;
  /** Where Prometheus finds its targets file; without it, the address is only reported. */
  targets?: { clients: AwsClients; object: S3Object };
};

const INTERVAL_MS = 2_000;

/** `targetsTo` is the s3:// address of the targets file. Throws TARGETS or AWS_ARGUMENTS. */
export async function announcementOf(
  targetsTo: string | undefined,
  awsClients: () => Promise<AwsClients | undefined>,
): Promise<Announcement> {
  const waitMs = 180_000;
  // A shell variable that is not set arrives as an empty name.
  if (!targetsTo) return { waitMs };
  const object = parseS3(targetsTo);
  const clients = await awsClients();
  if (clients) return { waitMs, targets: { clients, object } };
  throw new PipelineError('AWS_ARGUMENTS', `${targetsTo} is in AWS, and no AWS credentials were given`, {
    next: 'add --aws-region and credentials, or leave out --targets-to',
  });
}

/**
 * Finds the address of the manifests' Service and writes it where Prometheus reads it. Returns lines for the report: the
 * release has succeeded, so a failure here does not fail it.
 */
export async function announce(
  { kubeConfig, manifests }: { kubeConfig: KubeConfig; manifests: Manifest[] },
  { waitMs, targets }: Announcement,
): Promise<string[]> {
  const service = manifests.find(({ kind }) => kind === 'Service');
  if (!service) return [];
  const { name, namespace = 'default' } = service.metadata;
  try {
    const address = await serviceAddress(kubeConfig, { namespace, name }, waitMs);
    if (address === undefined) return [`address: the Service ${namespace}/${name} has no load balancer address yet`];
    if (!targets) return [`address: http://${address}/`];
    const scraped = await metricsAddress(kubeConfig, { namespace, name: `${name}-metrics` });
    await putTargets(targets.clients, targets.object, [scraped ?? address]);
    const { bucket, key } = targets.object;
    const written = `for Prometheus in s3://${bucket}/${key}`;
    if (scraped) return [`address: http://${address}/, and ${scraped} ${written}`];
    const port = metricsPort(manifests);
    const hint = port
      ? [`its /metrics is on port ${port}, which that balancer does not have: apply manifests/metrics`]
      : [];
    return [`address: http://${address}/, ${written}`, ...hint];
  } catch (error) {
    return [`address: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`];
  }
}

/** Of the balancer before the metrics' port, if there is one that we may read. */
async function metricsAddress(
  kubeConfig: KubeConfig,
  service: { namespace: string; name: string },
): Promise<string | undefined> {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const found = await ifFound(withRetries(() => core.readNamespacedService(service))).catch((error: unknown) => {
    if (isForbidden(error)) return undefined;
    throw error;
  });
  return found && addressOf(found);
}

function metricsPort(manifests: Manifest[]): number | undefined {
  const deployment = manifests.find(isDeployment);
  const ports = deployment?.spec?.template.spec?.containers.flatMap(({ ports }) => ports ?? []) ?? [];
  return ports.find(({ name }) => name === 'metrics')?.containerPort;
}

/** Parses `s3://bucket/key`. Throws TARGETS. */
export function parseS3(uri: string): S3Object {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]+)\/(.+\.json)$/.exec(uri);
  if (match) return { bucket: match[1], key: match[2] };
  throw new PipelineError('TARGETS', `the targets file for Prometheus is "${uri}", expected s3://bucket/key.json`, {
    next: 'use s3://BUCKET/PREFIX/targets/sentiment.json, with bucket and prefix of monitoring/ec2',
  });
}

/** `addresses` are host:port. Throws as awsError. */
export async function putTargets({ s3 }: AwsClients, { bucket, key }: S3Object, addresses: string[]): Promise<void> {
  const Body = targetsFile(addresses);
  try {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: 'application/json' }));
  } catch (error) {
    throw awsError(`the address of the service could not be written to s3://${bucket}/${key}`, error);
  }
}

export function targetsFile(addresses: string[]): string {
  return `${JSON.stringify([{ targets: addresses }], null, 2)}\n`;
}

/** A new load balancer gets its address after some seconds. Throws what the client throws. */
async function serviceAddress(
  kubeConfig: KubeConfig,
  service: { namespace: string; name: string },
  waitMs: number,
): Promise<string | undefined> {
  const core = kubeConfig.makeApiClient(kubernetes().CoreV1Api);
  const end = Date.now() + waitMs;
  for (;;) {
    const address = addressOf(await withRetries(() => core.readNamespacedService(service)));
    if (address !== undefined || Date.now() >= end) return address;
    await sleep(INTERVAL_MS);
  }
}
