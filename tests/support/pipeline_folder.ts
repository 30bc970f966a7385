/**
 * A folder as the first five stages leave it, made in memory from a small invented corpus in milliseconds, to run
 * register_model and promote_model in. Each folder names an experiment and a registered model of its own.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Review } from '../../ml/corpus/review.ts';
import { measure } from '../../ml/evaluation/measures.ts';
import { scoreReviews } from '../../ml/evaluation/scored.ts';
import { saveModel } from '../../ml/model/artifact.ts';
import { type Params, paramsSchema } from '../../ml/params.ts';
import { createRandom } from '../../ml/random.ts';
import { paths } from '../../ml/stages/paths.ts';
import { trainModel } from '../../ml/training.ts';

const root = resolve(import.meta.dirname, '../..');

export type Outcome = { code: number | null; out: string; err: string };

export type PipelineFolder = {
  path: string;
  params: Params;
  /** Trains with params.yaml changed by `changes` and writes model, metrics, plots and held-out texts. */
  train(changes?: Changes): Promise<void>;
  /** The same with these texts and settings. */
  trainOn(parts: Parts, params: Params): Promise<void>;
  /** Runs a stage program here. `onStart` gets a function that kills it. */
  run(stage: string, env: Record<string, string>, onStart?: (kill: () => void) => void): Promise<Outcome>;
  remove(): Promise<void>;
};

export type Changes = { [K in keyof Params]?: Partial<Params[K]> } & { seed?: number };

export type Parts = { train: Review[]; test: Review[] };

export async function createPipelineFolder(): Promise<PipelineFolder> {
  const path = await mkdtemp(join(tmpdir(), 'pipeline-'));
  const name = `model-${randomUUID()}`;
  const defaults = parse(await readFile(join(root, 'ml/testdata/params.yaml'), 'utf8'));
  const folder: PipelineFolder = {
    path,
    params: defaults,
    async train(changes = {}) {
      const { seed = 1, ...sections } = changes;
      await folder.trainOn(invented(seed), settings(defaults, name, sections));
    },
    async trainOn(parts, params) {
      folder.params = { ...params, register_model: { ...params.register_model, experiment: name, model_name: name } };
      await fill(path, folder.params, parts);
    },
    run(stage, env, onStart) {
      return new Promise((done) => {
        const child = execFile(
          process.execPath,
          [join(root, `ml/stages/${stage}.ts`)],
          { cwd: path, env: { PATH: process.env.PATH, HOME: path, ...env } },
          (_error, out, err) => done({ code: child.exitCode, out, err }),
        );
        onStart?.(() => child.kill('SIGKILL'));
      });
    },
    remove: () => rm(path, { recursive: true }),
  };
  return folder;
}

/** The settings of tests with floors that an invented corpus can reach. */
function settings(defaults: Params, name: string, changes: Changes): Params {
  const easy: Changes = {
    register_model: { experiment: name, model_name: name },
    promote_model: { max_calibration_error: 1, min_behaviour_pass: 0 },
  };
  const sections = Object.entries(defaults).map(([section, knobs]) => {
    const key = section as keyof Params;
    return [section, { ...knobs, ...easy[key], ...changes[key] }];
  });
  return paramsSchema.parse(Object.fromEntries(sections));
}

async function fill(path: string, params: Params, { train, test }: Parts): Promise<void> {
  const put = async (file: string, content: string) => {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), content);
  };
  const lines = (reviews: Review[]) => reviews.map((review) => `${JSON.stringify(review)}\n`).join('');
  const model = trainModel(train, params);
  const { accuracy, roc_auc, ece } = measure(scoreReviews(test, model), 10);
  await put(paths.params, stringify(params));
  await cp(join(root, 'behaviour'), join(path, 'behaviour'), { recursive: true });
  await put(paths.rawTrain, lines(train));
  await put(paths.rawTest, lines(test));
  await put(paths.metrics, JSON.stringify({ n_test: test.length, accuracy, accuracy_se: 0.02, roc_auc, ece }));
  await put(paths.roc, '[]');
  await put(paths.slices, '[]');
  await put(paths.calibration, '[]');
  await put(paths.behaviour, '{"files": []}');
  await put(
    `${paths.plots}/roc.svg`,
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 9 9 0"/></svg>',
  );
  await put(
    paths.lock,
    stringify({ schema: '2.0', stages: { data_ingestion: { cmd: 'x', outs: [{ md5: model.facts.dataDigest }] } } }),
  );
  await mkdir(join(path, dirname(paths.model)), { recursive: true });
  saveModel(join(path, paths.model), model.parts);
}

/** The texts that `train` takes. */
export function invented(seed = 1): Parts {
  return { train: inventReviews(400, seed), test: inventReviews(300, 1000) };
}

const praise = ['wonderful', 'moving', 'funny', 'brilliant', 'warm', 'clever', 'charming', 'superb'];
const blame = ['dull', 'clumsy', 'tedious', 'awful', 'shallow', 'boring', 'lifeless', 'messy'];
const filler = ['the', 'film', 'story', 'actor', 'music', 'ending', 'a', 'with', 'and', 'scene', 'camera', 'plot'];

/** One text in ten says the opposite of its label. */
function inventReviews(count: number, seed: number): Review[] {
  const random = createRandom(seed);
  const pick = (words: string[]) => words[Math.floor(random() * words.length)];
  return Array.from({ length: count }, (_, i) => {
    const label = i % 2 === 0 ? 0 : 1;
    const words = (random() < 0.1 ? 1 - label : label) === 1 ? praise : blame;
    const text = [pick(filler), pick(words), pick(filler), pick(filler), pick(words)].join(' ');
    return { id: `${seed}-${i}`, text, label };
  });
}
