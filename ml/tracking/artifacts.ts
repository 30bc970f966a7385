/**
 * Files of a run, through MLflow's artifact proxy: streamed from and to disk, whatever their size.
 *
 * A download replaces its target only when it is complete, and returns the SHA-256 of what arrived.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeAtomicallyAsync } from '../files.ts';
import { isTrue, list, number, optionalText, text } from './answer.ts';
import type { TrackingConfig } from './config.ts';
import { errorFromBody, isWebPage, MlflowError } from './errors.ts';
import { type Call, callApi, endpointOf, send } from './transport.ts';

export type ArtifactFile = { path: string; isDirectory: boolean; bytes: number };
export type Download = { sha256: string; bytes: number };

/** Sends a file to `path` under an artifact address such as a run's `artifactUri`; an older one there is replaced. */
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

/** Fetches `path` under an artifact address into the file `to`, whose folder is made if need be. */
export async function downloadArtifact(
  config: TrackingConfig,
  artifactUri: string,
  path: string,
  to: string,
): Promise<Download> {
  const call: Call = { method: 'GET', path: proxyPath(config, artifactUri, path) };
  return writeAtomicallyAsync(to, (partial) =>
    send(config, call, async (response, alive) => {
      await refuseWebPage(config, call, response);
      const hash = createHash('sha256');
      let bytes = 0;
      async function* arriving() {
        for await (const chunk of Readable.fromWeb(response.body!)) {
          alive();
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      }
      await pipeline(arriving, createWriteStream(partial));
      return { sha256: hash.digest('hex'), bytes };
    }),
  );
}

/** What lies in a folder of a run's artifacts; nothing for a folder that is not there. */
export async function listArtifacts(config: TrackingConfig, runId: string, folder = ''): Promise<ArtifactFile[]> {
  const files: ArtifactFile[] = [];
  let page = '';
  do {
    const answer = await callApi(config, 'GET', 'artifacts/list', {
      run_id: runId,
      ...(folder && { path: folder }),
      ...(page && { page_token: page }),
    });
    for (const file of list(answer, 'files')) {
      files.push({ path: text(file, 'path'), isDirectory: isTrue(file, 'is_dir'), bytes: number(file, 'file_size') });
    }
    page = optionalText(answer, 'next_page_token');
  } while (page);
  return files;
}

/**
 * The proxy's path for an artifact address. "mlflow-artifacts:/1/<run>/artifacts" is the tracking server's own store;
 * "mlflow-artifacts://host/..." names the server too. Others (s3:, file:) only clients with their own access reach.
 */
function proxyPath(config: TrackingConfig, artifactUri: string, path: string): string {
  const own = /^mlflow-artifacts:(?:\/\/(?<host>[^/]*))?(?<root>\/.*)$/.exec(artifactUri)?.groups;
  if (!own || (own.host && own.host !== new URL(config.uri).host)) {
    throw new MlflowError(
      'MLFLOW_ARTIFACTS_ELSEWHERE',
      `MLflow keeps these artifacts at ${artifactUri}, not at ${config.uri}`,
      {
        endpoint: 'mlflow-artifacts',
        next: 'start the server with --artifacts-destination, so that it serves them, and use a new experiment',
      },
    );
  }
  const steps = `${own.root}/${path}`.split('/').filter((step) => step !== '');
  return `/api/2.0/mlflow-artifacts/artifacts/${steps.map(encodeURIComponent).join('/')}`;
}

/** A login page is a success too. An HTML artifact differs from one in the header that MLflow serves it with. */
async function refuseWebPage(config: TrackingConfig, call: Call, response: Response): Promise<void> {
  const isHtml = response.headers.get('content-type')?.startsWith('text/html') ?? false;
  if (!isHtml || response.headers.has('content-disposition')) return;
  throw errorFromBody(endpointOf(call), config.uri, response.status, await response.text());
}
