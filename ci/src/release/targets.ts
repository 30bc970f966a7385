/**
 * The file that Prometheus reads the service's address from. In S3, where the machine that watches looks for it: an object
 * is there whole or not at all.
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
 */
import { PutObjectCommand } from '#aws/client-s3';
import type { AwsClients } from '../aws/clients.ts';
import { awsError } from '../aws/errors.ts';
import { PipelineError } from '../errors.ts';

export type S3Object = { bucket: string; key: string };

/** Of `host:port` each. */
export function targetsFile(addresses: string[]): string {
  return `${JSON.stringify([{ targets: addresses }], null, 2)}\n`;
}

/** Parses `s3://bucket/key`. Throws TARGETS. */
export function parseS3(uri: string): S3Object {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]+)\/(.+\.json)$/.exec(uri);
  if (match) return { bucket: match[1], key: match[2] };
  throw new PipelineError('TARGETS', `the file for Prometheus is to be "${uri}", expected s3://bucket/key.json`, {
    next: 's3://BUCKET/PREFIX/targets/sentiment.json, with bucket and prefix of monitoring/ec2',
  });
}

/** Throws as awsError. */
export async function putTargets({ s3 }: AwsClients, { bucket, key }: S3Object, addresses: string[]): Promise<void> {
  const Body = targetsFile(addresses);
  try {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: 'application/json' }));
  } catch (error) {
    throw awsError(`the address of the service could not be written to s3://${bucket}/${key}`, error);
  }
}
