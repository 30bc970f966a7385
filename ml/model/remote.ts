/**
 * * A model from the registry, as a file on this machine.
 *
 * Downloads lie in a cache, `<cache>/<name>/<version>/model.bin`, and are used again when their SHA-256 is the one the
 * version carries as its tag `model_digest` (equal version numbers alone prove nothing: two registries both have a
 * version 1). What an address last meant is noted beside them, so that a server can start from its cached copy while
 * the registry is away.
 *
 *     const { path, version, warning } = await fetchModel('models:/my_model/Production', { cacheDir: '.local/models' });
 *     const model = readModel(path);
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SentimentError } from '../errors.ts';
import { writeAtomicallyAsync, writeText } from '../files.ts';
import { downloadArtifact } from '../tracking/artifacts.ts';
import { type Environment, type TrackingConfig, trackingConfig } from '../tracking/config.ts';
import { isMissing, MlflowError } from '../tracking/errors.ts';
import { parseModelUri, resolveReference } from '../tracking/model_uri.ts';
import { type ModelVersion, versionArtifacts } from '../tracking/registry.ts';

/** File name of the model in a version's folder of artifacts. */
export const MODEL_FILE = 'model.bin';
/** Tag of a version: SHA-256 of its model file, hex. */
export const DIGEST_TAG = 'model_digest';

export type RemoteModel = {
  /** The model file. */
  path: string;
  /** Version number in the registry. */
  version: string;
  /** The MLflow run that made it. */
  runId: string;
  /** Who said which version it is: the registry now, or our note of what it said before. */
  source: 'registry' | 'cache';
  /** A sentence to log and show when the cached copy stands in for the registry. */
  warning?: string;
};

/** What an address meant when the registry was last asked. */
type Note = { version: string; runId: string; digest: string; trackingUri: string; confirmed: string };

/**
 * Fetches what a `models:/` address means now. With the registry away (no answer, a failure, no access) the cached
 * copy is used, with a warning. Throws MODEL_URI or MLFLOW_URI (called wrongly), MODEL_NOT_REGISTERED (the registry
 * says there is none), or the registry's failure when there is no cached copy.
 */
export async function fetchModel(uri: string, options: { cacheDir: string; env?: Environment }): Promise<RemoteModel> {
  const reference = parseModelUri(uri);
  const config = trackingConfig(options.env);
  const notePath = join(options.cacheDir, folderName(reference.name), `${encodeURIComponent(uri)}.json`);
  const note = await readNote(notePath);
  const cached = note && modelPath(options.cacheDir, reference.name, note.version);
  const isUsable = note !== undefined && cached !== undefined && (await digestOf(cached)) === note.digest;
  try {
    const version = await resolveReference(isUsable ? hurried(config) : config, reference);
    const { path, digest } = await fetchVersion(config, version, options.cacheDir);
    const { runId } = version;
    const confirmed = new Date().toISOString();
    writeNote(notePath, { version: version.version, runId, digest, trackingUri: config.uri, confirmed });
    return { path, version: version.version, runId, source: 'registry' };
  } catch (error) {
    if (!mayUseCache(error)) throw error;
    if (!isUsable) {
      throw new SentimentError(error.code, `${error.message}; and ${options.cacheDir} holds no copy of ${uri}`, {
        next: error.next,
        cause: error.cause,
      });
    }
    const warning =
      `the registry could not be used (${error.message}): serving the cached copy of ${reference.name} version ` +
      `${note.version}, which ${note.trackingUri} last confirmed ${age(note.confirmed)} ago (${note.confirmed})`;
    return { path: cached, version: note.version, runId: note.runId, source: 'cache', warning };
  }
}

/**
 * A version's model file in the cache, downloaded unless the copy there is the same (`fresh`: downloaded anyway).
 * Throws MODEL_DAMAGED when the registry has no such file, or one with another SHA-256 than its tag says.
 */
export async function fetchVersion(
  config: TrackingConfig,
  version: ModelVersion,
  cacheDir: string,
  options: { fresh?: boolean } = {},
): Promise<{ path: string; digest: string }> {
  const path = modelPath(cacheDir, version.name, version.version);
  const expected = version.tags[DIGEST_TAG];
  if (expected && !options.fresh && (await digestOf(path)) === expected) return { path, digest: expected };

  return writeAtomicallyAsync(path, async (arrived) => {
    const { sha256 } = await downloadModel(config, version, arrived);
    if (expected && sha256 !== expected) {
      throw new SentimentError(
        'MODEL_DAMAGED',
        `the file of ${version.name} version ${version.version} has SHA-256 ${sha256}, its tag ${DIGEST_TAG} says ${expected}`,
        { next: 'register again (dvc repro register_model), which makes a new version' },
      );
    }
    return { path, digest: sha256 };
  });
}

async function downloadModel(config: TrackingConfig, version: ModelVersion, to: string) {
  const folder = await versionArtifacts(config, version);
  try {
    return await downloadArtifact(config, folder, MODEL_FILE, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new SentimentError(
      'MODEL_DAMAGED',
      `${version.name} version ${version.version} has no ${MODEL_FILE} at ${folder}`,
      { cause: error, next: 'name a version that this pipeline registered' },
    );
  }
}

/**
 * A version that does not exist must not be papered over with an old copy; everything else is the registry's trouble.
 */
function mayUseCache(error: unknown): error is SentimentError {
  if (error instanceof MlflowError) return error.code !== 'MODEL_NOT_REGISTERED';
  return error instanceof SentimentError && error.code === 'MODEL_DAMAGED';
}

/** With a copy at hand a start does not wait long for a silent registry. */
function hurried(config: TrackingConfig): TrackingConfig {
  return { ...config, timeout: Math.min(config.timeout, 5000), retries: Math.min(config.retries, 1) };
}

function modelPath(cacheDir: string, name: string, version: string): string {
  return join(cacheDir, folderName(name), version, MODEL_FILE);
}

/** A model's name as one folder's name; dots are written out so that none climbs up. */
function folderName(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E');
}

/** SHA-256 of a file, hex; undefined when it cannot be read. */
async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

/** undefined when there is none, or none that can be read. */
async function readNote(path: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(path, 'utf8'));
    const fields = [note.version, note.runId, note.digest, note.trackingUri, note.confirmed];
    return fields.every((field) => typeof field === 'string') ? note : undefined;
  } catch {
    return undefined;
  }
}

function writeNote(path: string, note: Note): void {
  writeText(path, `${JSON.stringify(note, null, 2)}\n`);
}

function age(since: string): string {
  const minutes = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
