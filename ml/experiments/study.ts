/** experiments.yaml, validated, and the cells of its studies. */
import { z } from 'zod';
import { classifierNames, classifiers } from '../classifiers/registry.ts';
import { type SentimentError, usageError } from '../errors.ts';
import { type ModelBuildingParams, type Params, paramsSchema, sourceName } from '../params.ts';
import { type Keys, readYamlFile, type YamlFile } from '../yaml_file.ts';
import type { Learner } from './worker.ts';

const overrides = z.record(z.string(), z.unknown());

const algorithm = z
  .strictObject({
    classifier: z
      .enum(classifierNames)
      .optional()
      .describe(`One of ${classifierNames.join(', ')}; by default that of params.yaml.`),
    settings: overrides.default({}).describe("The classifier's own settings."),
    model_building: overrides.default({}).describe('Changes of that section of params.yaml.'),
    bow: overrides.default({}).describe('More changes of model_building on features whose name begins with "bow".'),
  })
  .superRefine(({ classifier, settings }, context) => {
    if (classifier === undefined || classifiers[classifier].linear) return;
    const result = z.strictObject(classifiers[classifier].settings.shape).safeParse(settings);
    for (const issue of result.error?.issues ?? []) {
      context.addIssue({ code: 'custom', message: issue.message, path: ['settings', ...issue.path] });
    }
  });

const study = z.strictObject({
  grids: z
    .array(z.strictObject({ algorithms: z.array(z.string()), features: z.array(z.string()) }))
    .optional()
    .describe('Every algorithm with every set of features.'),
  winner_of: z
    .string()
    .optional()
    .describe('A study whose best logistic regression is varied; every combination in a grid of `vary` is tried.'),
  vary: z.array(z.record(z.string(), z.array(z.unknown()).min(1))).optional(),
  variants: z.record(z.string(), overrides).optional().describe('Changes of params.yaml by name.'),
  inner_folds: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(0)
    .describe("Folds within each fold's training part, which make the choice; 0 for none."),
});

const schema = z.strictObject({
  source: sourceName.optional().describe('Source of the texts; by default those that params.yaml names.'),
  experiment: z.string().min(1).describe("MLflow's experiment."),
  seed: z.number().int().min(0).max(4294967295),
  folds: z.number().int().min(2).max(50),
  bootstrap_samples: z.number().int().min(2).max(100_000),
  features: z.record(z.string(), overrides).describe('Changes of feature_engineering by name.'),
  algorithms: z.record(z.string(), algorithm).describe('Classifiers with their settings by name.'),
  studies: z.record(z.string(), study),
});

/** `file` gives errors in a cell's settings their line. */
export type Experiments = z.output<typeof schema> & { file: YamlFile };

/** One algorithm with its settings on one set of features. */
export type Cell = {
  /** "logistic_regression/tfidf_uni"; unique in its study. */
  name: string;
  algorithm: string;
  features: string;
  feature_engineering: Params['feature_engineering'];
  /** Decides targets and weights for every classifier. */
  model_building: ModelBuildingParams;
  learner: Learner;
  /** Its place in the study's grid: algorithm and features, or the settings that vary. */
  coordinates: Record<string, string | number>;
  /** Its changes of params.yaml, where these are all that makes it. */
  changes: Record<string, unknown> | undefined;
};

/** Throws EXPERIMENTS_MISSING (1) or EXPERIMENTS_INVALID (2), which names file, line and field. */
export function readExperiments(path: string): Experiments {
  const file = readYamlFile(path, 'experiments');
  return { ...file.check(schema), file };
}

/**
 * Cells of a study in the order of the file; of cells with one name the first stays. `winner` is the cell that `winner_of`
 * refers to. Throws EXPERIMENTS_INVALID (2) for unknown names and for settings that params.yaml would refuse.
 */
export function cellsOf(name: string, experiments: Experiments, params: Params, winner?: string): Cell[] {
  const given = experiments.studies[name];
  if (!given) throw unknown(experiments.file, 'study', name, experiments.studies);
  const cells: Cell[] = [];
  for (const grid of given.grids ?? []) {
    for (const features of grid.features) {
      for (const algorithm of grid.algorithms) cells.push(gridCell(algorithm, features, experiments, params));
    }
  }
  given.vary?.forEach((vary, i) => {
    cells.push(...variedCells(winner ?? '', vary, ['studies', name, 'vary', i], experiments, params));
  });
  for (const [variant, changes] of Object.entries(given.variants ?? {})) {
    const origins = [{ section: [], keys: ['studies', name, 'variants', variant] }];
    const changed = merged(params, changes, experiments, origins);
    const cell = linearCell(variant, 'logistic_regression', variant, changed);
    cells.push({ ...cell, coordinates: { variant }, changes });
  }
  const names = new Set<string>();
  return cells.filter(({ name }) => !names.has(name) && names.add(name));
}

function gridCell(algorithm: string, features: string, experiments: Experiments, params: Params): Cell {
  const chosen = experiments.algorithms[algorithm];
  const changes = experiments.features[features];
  if (!chosen) throw unknown(experiments.file, 'algorithm', algorithm, experiments.algorithms);
  if (!changes) throw unknown(experiments.file, 'features', features, experiments.features);
  const { classifier, settings } = chosen;
  const other = classifier !== undefined && !classifiers[classifier].linear ? classifier : undefined;
  const isBow = features.startsWith('bow');
  const model_building = {
    ...chosen.model_building,
    ...(classifier !== undefined && other === undefined && { classifier, ...settings }),
    ...(isBow && chosen.bow),
  };
  const changed = merged(params, { feature_engineering: changes, model_building }, experiments, [
    { section: ['feature_engineering'], keys: ['features', features] },
    ...[...(isBow ? ['bow'] : []), 'settings', 'model_building'].map((part) => ({
      section: ['model_building'],
      keys: ['algorithms', algorithm, part],
    })),
  ]);
  const cell = linearCell(`${algorithm}/${features}`, algorithm, features, changed);
  if (other === undefined) return cell;
  const own = classifiers[other].settings.parse(settings);
  return { ...cell, learner: { classifier: other, settings: own, seed: experiments.seed } };
}

function variedCells(
  winner: string,
  vary: Record<string, unknown[]>,
  keys: Keys,
  experiments: Experiments,
  params: Params,
): Cell[] {
  const [algorithm, features] = winner.split('/');
  const { feature_engineering, model_building } = gridCell(algorithm, features, experiments, params);
  let combinations: Record<string, unknown>[] = [{}];
  for (const [setting, values] of Object.entries(vary)) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [setting]: value })));
  }
  return combinations.map((changes) => {
    const name = Object.entries(changes)
      .filter(([setting]) => vary[setting].length > 1 || setting === 'penalty')
      .map(([setting, value]) => `${setting}=${value}`)
      .join(' ');
    const base = { ...params, feature_engineering, model_building };
    const origins = [{ section: ['model_building'], keys }];
    const changed = merged(base, { model_building: changes }, experiments, origins);
    const coordinates = Object.fromEntries(
      Object.entries(changes).map(([setting, value]) => [setting, typeof value === 'number' ? value : String(value)]),
    );
    return {
      ...linearCell(name, algorithm, features, changed),
      ...{ coordinates, changes: { model_building: changes } },
    };
  });
}

/** `settings` are those of model_building that belong to its classifier. */
function linearCell(name: string, algorithm: string, features: string, params: Params): Cell {
  const { feature_engineering, model_building } = params;
  const { classifier, seed } = model_building;
  const learner = { classifier, settings: { ...classifiers[classifier].settings.parse(model_building) }, seed };
  const coordinates = { algorithm, features };
  return {
    ...{ name, algorithm, features, feature_engineering, model_building, learner, coordinates },
    changes: undefined,
  };
}

/** Settings below `section` of params.yaml come from below `keys` of experiments.yaml. */
type Origin = { section: Keys; keys: Keys };

/** The settings with changes put over them, section by section, checked as params.yaml is. */
function merged(params: Params, changes: object, { file }: Experiments, origins: readonly Origin[]): Params {
  return file.checkValue(paramsSchema, over(params, changes), (field) => {
    const places = origins
      .filter(({ section }) => section.every((key, i) => field[i] === key))
      .map(({ section, keys }) => [...keys, ...field.slice(section.length)]);
    return places.find((keys) => file.has(keys)) ?? places[0] ?? [];
  });
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

function unknown({ path }: YamlFile, kind: string, name: string, known: object): SentimentError {
  const next = `choose one of ${Object.keys(known).join(', ')}`;
  return usageError('EXPERIMENTS_INVALID', `${path} has no ${kind} "${name}"`, next);
}
