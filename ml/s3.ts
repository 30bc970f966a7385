/**
 * S3, with credentials, region and endpoint of the AWS SDK's own settings: on EKS those of the pod's role, elsewhere AWS_PROFILE,
 * AWS_ACCESS_KEY_ID, AWS_REGION and so on. AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL names another server, such as MinIO or
 * moto, which gets the bucket in the path. The SDK takes 0.1 s and 30 MB, so it is loaded with the first call.
 */
import { createReadStream, statSync } from 'node:fs';
import type { S3Client } from '@aws-sdk/client-s3';

const CONNECTION_TIMEOUT = 10_000;

export async function openS3(env: NodeJS.ProcessEnv): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  return new S3Client({
    forcePathStyle: Boolean(endpoint),
    followRegionRedirects: true,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT },
    // The SDK does not read AWS_DEFAULT_REGION; other AWS programs do.
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? (endpoint ? 'us-east-1' : undefined),
  });
}

/** Stores the file under this key; an object is whole or not there. S3 takes up to 5 GB at once. */
export async function putFile(client: S3Client, Bucket: string, Key: string, path: string): Promise<void> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const ContentLength = statSync(path).size;
  await client.send(new PutObjectCommand({ Bucket, Key, Body: createReadStream(path), ContentLength }));
}
