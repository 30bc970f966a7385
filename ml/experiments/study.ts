/** experiments.yaml, validated, and the cells that its studies are made of. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { SentimentError, usageError } from '../errors.ts';
import { type ModelBuildingParams, type Params, parseParams } from '../params.ts';
import type { Learner } from './learners/learn.ts';

const overrides = z.record(z.string(), z.unknown());
const positive = z.number().gt(0);
const count = z.number().int().min(1);

const treeSettings = {
  max_depth: z.number().int().min(0),
  min_child_weight: positive,
  max_bins: count,
};

const linear = { learner: z.literal('linear') };
const common = { model_building: overrides.default({}), bow: overrides.default({}) };

const algorithm = z.discriminatedUnion('learner', [
  z.strictObject({ ...linear, ...common }),
  z.strictObject({
    learner: z.literal('multinomial_naive_bayes'),
    settings: z.strictObject({ alpha: positive }),
    ...common,
  }),
  z.strictObject({
    learner: z.literal('random_forest'),
    settings: z.strictObject({ trees: count, ...treeSettings }),
    ...common,
  }),
  z.strictObject({
    learner: z.literal('gradient_boosting'),
    settings: z.strictObject({
      rounds: count,
      learning_rate: positive.max(1),
      lambda: z.number().min(0),
      ...treeSettings,
    }),
    ...common,
  }),
]);

const study = z.strictObject({
  /** Every algorithm with every set of features. */
  grids: z.array(z.strictObject({ algorithms: z.array(z.string()), features: z.array(z.string()) })).optional(),
  /** The best logistic regression of that study, with each grid of `vary` put over model_building in every combination. */
  winner_of: z.string().optional(),
  vary: z.array(z.record(z.string(), z.array(z.unknown()).min(1))).optional(),
  /** Changes of params.yaml by name. */
  variants: z.record(z.string(), overrides).optional(),
  /** Folds within each fold's training part, by which the choice is made; 0 for none. */
  inner_folds: z.number().int().min(0).max(20).default(0),
});

const schema = z.strictObject({
  experiment: z.string().min(1),
  seed: z.number().int().min(0).max(4294967295),
  folds: z.number().int().min(2).max(50),
  bootstrap_samples: z.number().int().min(2).max(100_000),
  features: z.record(z.string(), overrides),
  algorithms: z.record(z.string(), algorithm),
  studies: z.record(z.string(), study),
});

export type Experiments = z.infer<typeof schema>;

/** One algorithm with its settings on one set of features. */
export type Cell = {
  /** "logistic_regression/tfidf_uni"; unique in its study. */
  name: string;
  algorithm: string;
  features: string;
  feature_engineering: Params['feature_engineering'];
  /** Says what the targets and weights are, whatever the learner. */
  model_building: ModelBuildingParams;
  learner: Learner;
  /** Where it stands in the study's grid: algorithm and features, or what is varied. */
  coordinates: Record<string, string | number>;
  /** What it changes of params.yaml, where that is all that makes it. */
  changes: Record<string, unknown> | undefined;
};

/** Throws EXPERIMENTS_MISSING (1) or EXPERIMENTS_INVALID (2), which names the field. */
export function readExperiments(path: string): Experiments {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SentimentError('EXPERIMENTS_MISSING', `cannot read ${path}`, {
      cause,
      next: 'run from the repository root, or name the file with --experiments',
    });
  }
  const result = schema.safeParse(parseDocument(text).toJS());
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw usageError('EXPERIMENTS_INVALID', `${path}: ${issue.path.join('.') || 'the file'}: ${issue.message}`);
}

/**
 * Cells of a study in the order of the file; of equal ones the first stays. `winner` is what `winner_of` stands for.
 * Throws EXPERIMENTS_INVALID (2) for names that are not in the file and settings that params.yaml would not take.
 */
export function cellsOf(name: string, experiments: Experiments, params: Params, winner?: string): Cell[] {
  const given = experiments.studies[name];
  if (!given) {
    const known = Object.keys(experiments.studies).join(', ');
    throw usageError('EXPERIMENTS_INVALID', `there is no study "${name}" in experiments.yaml`, `take one of ${known}`);
  }
  const cells: Cell[] = [];
  for (const grid of given.grids ?? []) {
    for (const features of grid.features) {
      for (const algorithm of grid.algorithms) cells.push(gridCell(algorithm, features, experiments, params));
    }
  }
  for (const vary of given.vary ?? []) cells.push(...variedCells(winner ?? '', vary, experiments, params));
  for (const [variant, changes] of Object.entries(given.variants ?? {})) {
    const changed = merged(params, changes, variant);
    cells.push({ ...linearCell(variant, 'logistic_regression', variant, changed), coordinates: { variant }, changes });
  }
  const names = new Set<string>();
  return cells.filter(({ name }) => !names.has(name) && names.add(name));
}

function gridCell(algorithm: string, features: string, { algorithms, ...rest }: Experiments, params: Params): Cell {
  const chosen = algorithms[algorithm];
  const changes = rest.features[features];
  if (!chosen) throw unknown('algorithms', algorithm, algorithms);
  if (!changes) throw unknown('features', features, rest.features);
  const over = features.startsWith('bow') ? { ...chosen.model_building, ...chosen.bow } : chosen.model_building;
  const name = `${algorithm}/${features}`;
  const changed = merged(params, { feature_engineering: changes, model_building: over }, name);
  const cell = linearCell(name, algorithm, features, changed);
  switch (chosen.learner) {
    case 'linear':
      return cell;
    case 'random_forest':
      return { ...cell, learner: { learner: chosen.learner, settings: chosen.settings, seed: rest.seed } };
    case 'gradient_boosting':
      return { ...cell, learner: { learner: chosen.learner, settings: chosen.settings } };
    case 'multinomial_naive_bayes':
      return { ...cell, learner: { learner: chosen.learner, settings: chosen.settings } };
  }
}

function variedCells(
  winner: string,
  vary: Record<string, unknown[]>,
  experiments: Experiments,
  params: Params,
): Cell[] {
  const [algorithm, features] = winner.split('/');
  const base = gridCell(algorithm, features, experiments, params);
  let combinations: Record<string, unknown>[] = [{}];
  for (const [setting, values] of Object.entries(vary)) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [setting]: value })));
  }
  return combinations.map((changes) => {
    const name = Object.entries(changes)
      .filter(([setting]) => vary[setting].length > 1 || setting === 'penalty')
      .map(([setting, value]) => `${setting}=${value}`)
      .join(' ');
    const { feature_engineering, model_building } = base;
    const changed = merged({ ...params, feature_engineering, model_building }, { model_building: changes }, name);
    const coordinates = Object.fromEntries(
      Object.entries(changes).map(([setting, value]) => [setting, typeof value === 'number' ? value : String(value)]),
    );
    return {
      ...linearCell(name, algorithm, features, changed),
      ...{ coordinates, changes: { model_building: changes } },
    };
  });
}

function linearCell(name: string, algorithm: string, features: string, params: Params): Cell {
  const { feature_engineering, model_building } = params;
  const learner = { learner: 'linear', settings: model_building } as const;
  const coordinates = { algorithm, features };
  return {
    ...{ name, algorithm, features, feature_engineering, model_building, learner, coordinates },
    changes: undefined,
  };
}

/** The settings with changes put over them, section by section, checked as params.yaml is. */
function merged(params: Params, changes: object, name: string): Params {
  return parseParams(JSON.stringify(over(params, changes)), `experiments.yaml, ${name}`);
}

function over(base: unknown, changes: unknown): unknown {
  if (!isRecord(base) || !isRecord(changes)) return changes;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(changes)) result[key] = key in base ? over(base[key], value) : value;
  return result;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknown(kind: string, name: string, known: object): SentimentError {
  const next = `take one of ${Object.keys(known).join(', ')}`;
  return usageError('EXPERIMENTS_INVALID', `experiments.yaml has no ${name} in its ${kind}`, next);
}
