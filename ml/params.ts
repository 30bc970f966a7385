/**
 * params.yaml, read once and validated: every knob of the pipeline with its range. Each stage reads its own section;
 * DVC reruns it when that section changes.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { SentimentError, usageError } from './errors.ts';

const column = z.string().default('');
const share = z.number().min(0).max(1);
const seed = z.number().int().min(0).max(4294967295);
const words = z.array(z.coerce.string()).min(1);

const block = z
  .strictObject({
    ngrams: z.tuple([z.number().int().min(1).max(20), z.number().int().min(1).max(20)]),
    min_df: z.number().gt(0),
    max_df: z.number().gt(0),
    max_features: z.number().int().min(0),
    weighting: z.enum(['count', 'binary', 'tfidf']),
    sublinear_tf: z.boolean(),
    smooth_idf: z.boolean(),
    norm: z.enum(['l2', 'l1', 'none']),
  })
  .refine((value) => value.ngrams[0] <= value.ngrams[1], { path: ['ngrams'], message: 'the first exceeds the second' });

const schema = z.strictObject({
  data_ingestion: z.strictObject({
    source: z.string().min(1),
    text_column: z.string().min(1),
    label_column: column,
    rating_column: column,
    id_column: column,
    group_column: column,
    positive_labels: words,
    negative_labels: words,
    neutral_labels: z.array(z.coerce.string()),
    neutral_band: z.number().min(0),
    test_share: z.number().gt(0).lt(1),
    seed,
    max_bad_share: share,
  }),
  data_preprocessing: z.strictObject({
    lowercase: z.boolean(),
    decode_entities: z.boolean(),
    strip_tags: z.boolean(),
    unicode_form: z.enum(['NFC', 'NFKC', 'none']),
  }),
  feature_engineering: z
    .strictObject({
      tokenizer: z.enum(['words', 'treebank', 'wordpunct', 'aggressive']),
      stemmer: z.enum(['none', 'porter', 'lancaster']),
      stopwords: z.enum(['none', 'english', 'english_without_negations']),
      negation_scope: z.number().int().min(0).max(20),
      negation_weight: z.number().gt(0).max(3),
      contrast_weight: share,
      word: block.nullable(),
      char: block.nullable(),
    })
    .refine((value) => value.word !== null || value.char !== null, {
      path: ['word'],
      message: 'word and char are both null: one of them must be given',
    }),
  model_building: z.strictObject({
    classifier: z.enum(['logistic_regression', 'ml_logistic_regression']),
    C: z.number().gt(0),
    penalty: z.enum(['l2', 'l1']),
    target: z.enum(['hard', 'soft']),
    soft_slope: z.number().gt(0),
    sample_weight: z.enum(['none', 'rating']),
    class_weight: z.enum(['none', 'balanced']),
    nb_alpha: z.number().min(0),
    tolerance: z.number().gt(0).lt(1),
    max_iterations: z.number().int().min(1),
    seed,
    calibration: z.enum(['none', 'platt']),
    calibration_folds: z.number().int().min(2).max(50),
    learning_rate: z.number().gt(0),
    steps: z.number().int().min(1),
  }),
  model_evaluation: z.strictObject({
    calibration_bins: z.number().int().min(2).max(100),
    bootstrap_samples: z.number().int().min(0).max(100_000),
    seed,
  }),
  register_model: z.strictObject({
    experiment: z.string().min(1),
    model_name: z.string().min(1),
  }),
  promote_model: z.strictObject({
    significance: z.number().gt(0).lt(1),
    max_calibration_error: share,
    min_accuracy: share,
    min_roc_auc: share,
    min_behaviour_pass: share,
  }),
});

export type Params = z.infer<typeof schema>;
export type DataIngestionParams = Params['data_ingestion'];
export type ModelBuildingParams = Params['model_building'];
export type ModelEvaluationParams = Params['model_evaluation'];
export type PromoteModelParams = Params['promote_model'];

/** The sections that decide what a model is. */
export function sectionsOfModel(params: Params): Record<string, unknown> {
  const { data_ingestion, data_preprocessing, feature_engineering, model_building } = params;
  return { data_ingestion, data_preprocessing, feature_engineering, model_building };
}

/** Throws PARAMS_MISSING (1) or PARAMS_INVALID (2), which names file, line and field. */
export function readParams(path = 'params.yaml'): Params {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SentimentError('PARAMS_MISSING', `cannot read ${path}`, {
      cause,
      next: 'run from the repository root, or name the file with --params',
    });
  }
  return parseParams(text, path);
}

export function parseParams(text: string, path: string): Params {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw usageError('PARAMS_INVALID', `${path} is not valid YAML: ${document.errors[0].message.split('\n')[0]}`);
  }
  const result = schema.safeParse(document.toJS());
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue.path.join('.');
  const node: unknown = document.getIn(issue.path, true);
  const line = lineOf(node, text);
  const given = issue.path.length > 0 ? document.getIn(issue.path) : undefined;
  const got = given === undefined || typeof given === 'object' ? '' : ` (got ${JSON.stringify(given)})`;
  throw usageError(
    'PARAMS_INVALID',
    `${path}${line ? `:${line}` : ''}: ${field || 'the file'}: ${issue.message}${got}`,
    'compare with the comments in the params.yaml of the repository',
  );
}

function lineOf(node: unknown, text: string): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  return text.slice(0, Number(node.range[0])).split('\n').length;
}
