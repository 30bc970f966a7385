/**
 * The result of one pipeline execution, read from disk for the tracking server: the model, its metrics, params and plots,
 * and its origin (code, data, dvc.lock).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { SentimentError } from '../errors.ts';
import { readModel } from '../model/artifact.ts';
import type { ModelCard, ModelFacts } from '../model/types.ts';
import { type Params, sectionsOfModel } from '../params.ts';
import { type GitState, gitState } from './git.ts';
import { modelCard } from './model_card.ts';
import { paths } from './paths.ts';

/** Tags of runs and model versions. */
export const tags = {
  /** Equal for equal model, metrics and params. */
  fingerprint: 'pipeline.fingerprint',
  /** SHA-256 of the model as trained, before run and metrics were stamped on it. */
  content: 'pipeline.content_digest',
  /** SHA-256 of the training texts and labels. */
  trainDigest: 'data.train_digest',
  /** SHA-256 of the file of held-out texts. */
  testDigest: 'data.test_digest',
} as const;

export type PipelineResult = {
  /** SHA-256 of models/model.bin, hex. */
  modelDigest: string;
  facts: ModelFacts;
  metrics: Record<string, number>;
  card: ModelCard;
  /** Every parameter of the earlier stages, as "section.name": text. */
  params: Record<string, string>;
  /** SHA-256 of the file of held-out texts. */
  testDigest: string;
  testTexts: number;
  /** See hashLock; undefined without a dvc.lock. */
  lockHash: string | undefined;
  git: GitState;
  /** Equal for equal model, metrics and params. A new run is logged only for a new fingerprint. */
  fingerprint: string;
  /** Files to upload, by their path among the run's artifacts. */
  files: Record<string, string>;
};

const metricsSchema = z.record(z.string(), z.number());

/** Throws MODEL_MISSING or MODEL_DAMAGED, MODEL_STALE, METRICS_MISSING or METRICS_INVALID, REVIEWS_MISSING. */
export async function readPipelineResult(params: Params): Promise<PipelineResult> {
  const model = readModel(paths.model);
  const { facts, digest: modelDigest } = model;
  if (!isDeepStrictEqual(facts.params, JSON.parse(JSON.stringify(sectionsOfModel(params))))) {
    throw new SentimentError(
      'MODEL_STALE',
      `${paths.model} was trained with other settings than those in ${paths.params}`,
      { next: 'run dvc repro, which trains it again' },
    );
  }
  const metrics = await readMetrics();
  const { promote_model: _gate, register_model: _names, ...sections } = params;
  const flat = flatten(sections);
  return {
    modelDigest,
    facts,
    metrics,
    card: modelCard(model, params.register_model.examples),
    params: flat,
    ...(await hashTexts(paths.rawTest)),
    lockHash: await readFile(paths.lock, 'utf8').then(hashLock, () => undefined),
    git: await gitState(['ml', 'behaviour', paths.params, 'dvc.yaml', 'package-lock.json']),
    fingerprint: sha256(JSON.stringify([modelDigest, sorted(metrics), sorted(flat)])),
    files: await listFiles(),
  };
}

async function readMetrics(): Promise<Record<string, number>> {
  let text: string;
  try {
    text = await readFile(paths.metrics, 'utf8');
  } catch (cause) {
    throw new SentimentError('METRICS_MISSING', `cannot read ${paths.metrics}`, {
      cause,
      next: 'run the stage that writes it: dvc repro model_evaluation',
    });
  }
  const result = metricsSchema.safeParse(parseJson(text));
  if (result.success) return result.data;
  const field = result.error.issues[0].path.join('.');
  throw new SentimentError(
    'METRICS_INVALID',
    `${paths.metrics} is not one JSON object of numbers${field && ` (${field})`}`,
    { next: 'rerun the stage that writes it: dvc repro model_evaluation --force' },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** SHA-256 and number of lines of a file of reviews. Throws REVIEWS_MISSING. */
export async function hashTexts(path: string): Promise<{ testDigest: string; testTexts: number }> {
  const hash = createHash('sha256');
  let testTexts = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      for (const byte of chunk) if (byte === 10) testTexts++;
    }
  } catch (cause) {
    throw new SentimentError('REVIEWS_MISSING', `cannot read ${path}`, { cause, next: 'run dvc repro data_ingestion' });
  }
  return { testDigest: hash.digest('hex'), testTexts };
}

/**
 * SHA-256 of dvc.lock's entries for the stages before register_model; undefined if the text is not a lock file.
 *
 * DVC writes a stage's entry when the stage ends, so register_model sees the entries of all earlier stages, and perhaps
 * its own old one. That is left out, so that the hash can be recomputed from the committed file.
 */
export function hashLock(text: string): string | undefined {
  const lock = z.object({ stages: z.record(z.string(), z.unknown()) }).safeParse(parse(text));
  if (!lock.success) return undefined;
  const { register_model: _own, ...stages } = lock.data.stages;
  return sha256(JSON.stringify(sorted(stages)));
}

/** The reports, the plots in a folder of their own, and the settings they come from. Missing files are left out. */
async function listFiles(): Promise<Record<string, string>> {
  const reports = await readdir(dirname(paths.metrics), { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of reports.filter((one) => one.isFile() && /^[^.].*\.(jsonl?|svg|png|csv)$/.test(one.name))) {
    const file = join(entry.parentPath, entry.name);
    const isPlot = !relative(paths.plots, file).startsWith('..');
    files[isPlot ? `plots/${relative(paths.plots, file)}` : file] = file;
  }
  for (const path of [paths.params, 'dvc.yaml', paths.lock]) {
    if (await stat(path).catch(() => undefined)) files[`pipeline/${path}`] = path;
  }
  return files;
}

/** {a: {b: [1, 2]}} becomes {"a.b": "[1,2]"}. */
function flatten(value: object, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, string][] => {
      const path = prefix + key;
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
        return Object.entries(flatten(inner, `${path}.`));
      }
      return [[path, typeof inner === 'string' ? inner : JSON.stringify(inner)]];
    }),
  );
}

function sorted(record: Record<string, unknown>): [string, unknown][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
