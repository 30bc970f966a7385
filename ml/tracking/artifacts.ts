/**
 * Files of a run, streamed between disk and MLflow's artifact proxy, whatever their size.
 *
 * A download replaces its target only when it is complete, and returns the SHA-256 of what arrived.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cannotWrite } from '../errors.ts';
import { writeAtomicallyAsync } from '../files.ts';
import type { TrackingConfig } from './config.ts';
import { errorFromBody, isWebPage, MlflowError } from './errors.ts';
import { type Call, endpointOf, send } from './transport.ts';

export type Download = { sha256: string; bytes: number };

/** Sends a file to `path` under an artifact address such as a run's `artifactUri`, and replaces an older one. */
export async function uploadArtifact(
  config: TrackingConfig,
  artifactUri: string,
  path: string,
  file: string,
): Promise<void> {
  const call: Call = { method: 'PUT', path: proxyPath(config, artifactUri, path), file: await openAsBlob(file) };
  await send(config, call, async (response) => {
    const body = await response.text();
    if (isWebPage(body)) throw errorFromBody(endpointOf(call), config.uri, response.status, body);
  });
}

/**
 * Downloads `path` under an artifact address to the file `to`, of at most `most` bytes. Creates its folder if necessary. Throws
 * MLFLOW_TOO_LARGE, DISK_WRITE, or the server's failure.
 */
export async function downloadArtifact(
  config: TrackingConfig,
  artifactUri: string,
  path: string,
  to: string,
  most = Number.MAX_SAFE_INTEGER,
): Promise<Download> {
  const call: Call = { method: 'GET', path: proxyPath(config, artifactUri, path) };
  return writeAtomicallyAsync(to, (partial) =>
    send(config, call, async (response, alive) => {
      await refuseWebPage(config, call, response);
      if (Number(response.headers.get('content-length')) > most) throw tooLarge(config, call, most);
      const hash = createHash('sha256');
      let bytes = 0;
      async function* arriving() {
        for await (const chunk of Readable.fromWeb(response.body!)) {
          alive();
          hash.update(chunk);
          bytes += chunk.length;
          if (bytes > most) throw tooLarge(config, call, most);
          yield chunk;
        }
      }
      await pipeline(arriving, createWriteStream(partial)).catch((error) => {
        // The connection is not to blame, so another attempt would not help.
        throw cannotWrite(to, error);
      });
      return { sha256: hash.digest('hex'), bytes };
    }),
  );
}

function tooLarge(config: TrackingConfig, call: Call, most: number): MlflowError {
  const endpoint = endpointOf(call);
  return new MlflowError(
    'MLFLOW_TOO_LARGE',
    `MLflow at ${config.uri} answers ${endpoint} with more than ${most} bytes`,
    {
      endpoint,
      next: 'check what was registered there: no model of this program is so large',
    },
  );
}

/**
 * The proxy's path for an artifact address. "mlflow-artifacts:/1/<run>/artifacts" is the tracking server's own store,
 * and "mlflow-artifacts://host/..." includes its host. Other addresses (s3:, file:) need a client with access of its
 * own.
 */
function proxyPath(config: TrackingConfig, artifactUri: string, path: string): string {
  const own = /^mlflow-artifacts:(?:\/\/(?<host>[^/]*))?(?<root>\/.*)$/.exec(artifactUri)?.groups;
  if (!own || (own.host && own.host !== new URL(config.uri).host)) {
    throw new MlflowError(
      'MLFLOW_ARTIFACTS_ELSEWHERE',
      `MLflow keeps these artifacts at ${artifactUri}, not at ${config.uri}`,
      {
        endpoint: 'mlflow-artifacts',
        next: 'start the server with --artifacts-destination so that it serves artifacts, and use a new experiment',
      },
    );
  }
  const steps = `${own.root}/${path}`.split('/').filter((step) => step !== '');
  if (steps.includes('..') || steps.includes('.')) {
    throw new MlflowError(
      'MLFLOW_BAD_ANSWER',
      `MLflow keeps these artifacts at ${artifactUri}, which leads elsewhere`,
      {
        endpoint: 'mlflow-artifacts',
        next: 'check that the server is MLflow 3, and that nobody changed its database or its answers',
      },
    );
  }
  return `/api/2.0/mlflow-artifacts/artifacts/${steps.map(encodeURIComponent).join('/')}`;
}

/** A login page is a success too; an HTML artifact comes with a content-disposition header, a login page does not. */
async function refuseWebPage(config: TrackingConfig, call: Call, response: Response): Promise<void> {
  const isHtml = response.headers.get('content-type')?.startsWith('text/html') ?? false;
  if (!isHtml || response.headers.has('content-disposition')) return;
  throw errorFromBody(endpointOf(call), config.uri, response.status, await response.text());
}
