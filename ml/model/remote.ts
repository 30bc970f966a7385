/**
 * Fetches a model from the registry to a file on this machine.
 *
 * Downloads go to a cache, `<cache>/<name>/<version>/model.bin`. A cached file is used again if its SHA-256 equals the
 * version's tag `model_digest`; an equal version number proves nothing, because every registry has a version 1. A note
 * beside the files holds what each address meant last, so a server can start from its cached copy while the registry is
 * unreachable.
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
import { type ModelVersion, parseModelUri, resolveReference, versionArtifacts } from '../tracking/registry.ts';
import { MOST_MODEL_BYTES } from './artifact.ts';

/** File name of the model in a version's folder of artifacts. */
export const MODEL_FILE = 'model.bin';
/** Tag of a version: SHA-256 of its model file, hex. */
export const DIGEST_TAG = 'model_digest';
/** Tag of a version: when a pipeline last decided that it serves, or made the same model again; ISO 8601. */
export const EXAMINED_TAG = 'promotion.examined_at';

export type RemoteModel = {
  /** The model file. */
  path: string;
  /** Version number in the registry. */
  version: string;
  /** The MLflow run that made it. */
  runId: string;
  /** Where the version number comes from: the registry now, or the note of its last answer. */
  source: 'registry' | 'cache';
  /** The version's tag EXAMINED_TAG; only from the registry. */
  examinedAt?: string;
  /** A sentence to log and show if the cached copy replaces the registry. */
  warning?: string;
};

/** What an address meant when the registry last answered. */
type Note = { version: string; runId: string; digest: string; trackingUri: string; confirmed: string };

/**
 * Fetches the model that a `models:/` address means now. If the registry fails (no answer, an error, no access), uses
 * the cached copy with a warning. Throws MODEL_URI (2), MLFLOW_URI (2), MODEL_NOT_REGISTERED, or the registry's failure
 * if there is no cached copy.
 */
export async function fetchModel(uri: string, options: { cacheDir: string; env?: Environment }): Promise<RemoteModel> {
  const reference = parseModelUri(uri);
  const config = trackingConfig(options.env);
  const notePath = notePathOf(uri, reference.name, options.cacheDir);
  const cached = await readCached(reference.name, notePath, options.cacheDir);
  try {
    const version = await resolveReference(cached ? hurried(config) : config, reference);
    const { path, digest } = await fetchVersion(config, version, options.cacheDir);
    const { runId } = version;
    const confirmed = new Date().toISOString();
    writeNote(notePath, { version: version.version, runId, digest, trackingUri: config.uri, confirmed });
    return { path, version: version.version, runId, source: 'registry', examinedAt: version.tags[EXAMINED_TAG] };
  } catch (error) {
    if (!mayUseCache(error)) throw error;
    if (!cached) {
      throw new SentimentError(error.code, `${error.message}; and ${options.cacheDir} holds no copy of ${uri}`, {
        next: error.next,
        cause: error.cause,
      });
    }
    const { path, note } = cached;
    const warning =
      `the registry could not be used (${error.message}): serving the cached copy of ${reference.name} version ` +
      `${note.version}, which ${note.trackingUri} last confirmed ${age(note.confirmed)} ago (${note.confirmed})`;
    return { path, version: note.version, runId: note.runId, source: 'cache', warning };
  }
}

/** The cached copy of what a `models:/` address meant when the registry last answered, if it is undamaged. Asks no server. */
export async function cachedModel(
  uri: string,
  cacheDir: string,
): Promise<{ path: string; version: string } | undefined> {
  const { name } = parseModelUri(uri);
  const cached = await readCached(name, notePathOf(uri, name, cacheDir), cacheDir);
  return cached && { path: cached.path, version: cached.note.version };
}

async function readCached(
  name: string,
  notePath: string,
  cacheDir: string,
): Promise<{ path: string; note: Note } | undefined> {
  const note = await readNote(notePath);
  if (!note) return undefined;
  const path = modelPath(cacheDir, name, note.version);
  return (await digestOf(path)) === note.digest ? { path, note } : undefined;
}

function notePathOf(uri: string, name: string, cacheDir: string): string {
  return join(cacheDir, folderName(name), `${encodeURIComponent(uri)}.json`);
}

/**
 * Puts the Production model into a service's cache, under both addresses that the service may use. Returns warnings.
 * Throws as fetchModel.
 */
export async function cacheProduction(
  name: string,
  options: { cacheDir: string; env?: Environment },
): Promise<string[]> {
  const warnings: string[] = [];
  for (const uri of [`models:/${name}/Production`, `models:/${name}@production`]) {
    const { warning } = await fetchModel(uri, options);
    if (warning) warnings.push(warning);
  }
  return warnings;
}

/**
 * Downloads a version's model file to the cache, unless the cache has it; `fresh` downloads it anyway. Throws
 * MODEL_DAMAGED if the registry has no such file, or if its SHA-256 differs from the version's tag.
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
        `the file of ${version.name} version ${version.version} has SHA-256 ${sha256}, but its tag ${DIGEST_TAG} is ${expected}`,
        { next: 'register again (dvc repro register_model), which creates a new version' },
      );
    }
    return { path, digest: sha256 };
  });
}

async function downloadModel(config: TrackingConfig, version: ModelVersion, to: string) {
  const folder = await versionArtifacts(config, version);
  try {
    return await downloadArtifact(config, folder, MODEL_FILE, to, MOST_MODEL_BYTES);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new SentimentError(
      'MODEL_DAMAGED',
      `${version.name} version ${version.version} has no ${MODEL_FILE} at ${folder}`,
      { cause: error, next: 'use a version that this pipeline registered' },
    );
  }
}

/** Only if the registry itself fails: an old copy must not hide that a version does not exist. */
function mayUseCache(error: unknown): error is SentimentError {
  if (error instanceof MlflowError) return error.code !== 'MODEL_NOT_REGISTERED';
  return error instanceof SentimentError && error.code === 'MODEL_DAMAGED';
}

/** With a cached copy, a start does not wait long for a silent registry. */
function hurried(config: TrackingConfig): TrackingConfig {
  return {
    ...config,
    timeout: Math.min(config.timeout, 5000),
    retries: Math.min(config.retries, 1),
    rateLimitWait: Math.min(config.rateLimitWait, 5000),
  };
}

function modelPath(cacheDir: string, name: string, version: string): string {
  return join(cacheDir, folderName(name), version, MODEL_FILE);
}

/** A model's name as a folder name. Dots are encoded, so that ".." cannot leave the cache. */
function folderName(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E');
}

/** SHA-256 of a file, hex; undefined if it cannot be read. */
async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

/** undefined if it is missing or unreadable. */
async function readNote(path: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(path, 'utf8'));
    const fields = [note.version, note.runId, note.digest, note.trackingUri, note.confirmed];
    const isNote = fields.every((field) => typeof field === 'string') && /^\d+$/.test(note.version);
    return isNote ? note : undefined;
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
