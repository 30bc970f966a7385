/**
 * Fetches an object from S3 into a temporary file, as a stream. Credentials, region and endpoint are the AWS SDK's own
 * settings: AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_REGION and so on; AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_S3) names
 * another server, such as MinIO or moto, which is then addressed with the bucket in the path.
 */
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SentimentError, usageError } from '../errors.ts';
import { type Downloaded, type DownloadOptions, download } from './downloaded.ts';

const CONNECTION_TIMEOUT = 10_000;

/** `address` is s3://BUCKET/KEY. Throws ADDRESS_INVALID (2) or DOWNLOAD_FAILED. */
export function downloadS3(
  address: string,
  options: DownloadOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Downloaded> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  if (bucket === undefined || key.endsWith('/')) {
    throw usageError('ADDRESS_INVALID', `${address} is not s3://BUCKET/KEY`, 'name one object, not a bucket or folder');
  }
  return download(
    address,
    options,
    async ({ path, signal, onChunk }) => {
      const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
      const elsewhere = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
      const client = new S3Client({
        forcePathStyle: Boolean(elsewhere),
        followRegionRedirects: true,
        requestHandler: { connectionTimeout: CONNECTION_TIMEOUT },
        // The SDK itself does not read AWS_DEFAULT_REGION, which the other AWS programs do.
        region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? (elsewhere ? 'us-east-1' : undefined),
      });
      const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
        abortSignal: signal,
      });
      let bytes = 0;
      async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
        for await (const chunk of chunks) {
          onChunk();
          bytes += chunk.length;
          yield chunk;
        }
      }
      if (Body instanceof Readable) await pipeline(Body, counted, createWriteStream(path), { signal });
      client.destroy();
      if (bytes === 0) throw new SentimentError('DOWNLOAD_FAILED', `${address} is empty`);
      if (ContentLength !== undefined && bytes !== ContentLength) {
        throw new Error(`${bytes} of ${ContentLength} bytes came`);
      }
      return basename(key);
    },
    reasonOf,
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reasons: Record<string, string> = {
    NoSuchBucket: 'there is no such bucket',
    NoSuchKey: 'there is no such object in the bucket',
    AccessDenied: 'access is denied to these credentials',
    CredentialsProviderError: 'no AWS credentials were found (AWS_PROFILE, AWS_ACCESS_KEY_ID and so on)',
  };
  return reasons[error.name] ?? (error.message || error.name);
}
