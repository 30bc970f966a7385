/**
 * What answers look like, as zod schemas for openapi.ts. The service writes its answers without them, for speed; a test compares
 * real answers with the description.
 */
import { z } from 'zod';
import { sentimentOf } from './classes.ts';

const share = z.number().min(0).max(1);
const digest = z
  .string()
  .regex(/^([0-9a-f]{64})?$/)
  .meta({ description: 'SHA-256, hex.' });
const count = z.int().min(0);

/** Fields of a prediction with these classes, and those that only an explanation has. */
function predictionOf(classes: readonly string[], word: z.ZodType) {
  const isTwo = classes.length === 2;
  const numbers = classes.map((_, k) => String(k));
  const which = classes.map((label, k) => `${k} ${label}`).join(', ');
  const last = classes[1];
  return {
    label: z.enum(classes).nullable().meta({ description: 'Null where the model abstains.' }),
    sentiment: z.enum(classes.map(sentimentOf)).nullable(),
    prediction: z
      .enum(numbers)
      .nullable()
      .meta({ description: `${which}.` }),
    abstains: z
      .enum(['unknown', 'unsure'])
      .meta({
        description:
          'Only where there is no label. unknown: the model knows no word or too few. unsure: by its decision.',
      })
      .optional(),
    probability: share.meta({
      description: isTwo
        ? `Calibrated probability that the text is ${last}.`
        : 'Calibrated probability of the most likely answer.',
    }),
    confidence: share.meta({ description: 'Calibrated probability of the predicted label.' }),
    known_share: share.meta({ description: 'Share of the words that the model knows; unreliable below 0.6.' }),
    ...(!isTwo && {
      probabilities: z.strictObject(Object.fromEntries(classes.map((label) => [label, share]))),
      towards: z.enum(classes).meta({ description: 'The class that is explained.' }).optional(),
    }),
    possible: z.array(z.enum(classes)).meta({ description: 'What conformal prediction leaves possible.' }).optional(),
    score: z
      .number()
      .meta({
        description: `Log-odds of ${isTwo ? last : 'the class that is explained'}: the bias plus all contributions, up to rounding.`,
      })
      .optional(),
    bias: z.number().meta({ description: 'Log-odds of a text without known words.' }).optional(),
    knownShare: share
      .meta({ description: 'As known_share; for a model without single words, of those that count.' })
      .optional(),
    words: z.array(word).optional(),
  };
}

/** By the names that the description gives them. */
export function answerSchemas(classes: readonly string[]) {
  const Word = z.strictObject({
    text: z.string().meta({ description: 'The word as it is in the given text.' }),
    start: z.int().min(0).meta({ description: 'UTF-16 offset in the given text.' }),
    end: z.int().min(1).meta({ description: 'UTF-16 offset of the end, exclusive.' }),
    contribution: z.number().meta({
      description:
        classes.length === 2
          ? `Log-odds that the word adds; below 0 it counts towards ${classes[0]}.`
          : 'Log-odds that the word adds to the class that is explained; below 0 it counts against it.',
    }),
  });
  const fields = predictionOf(classes, Word);
  const ModelName = z.strictObject({ name: z.string(), version: z.string() });
  const Prediction = z.strictObject(fields);
  const Problem = z.strictObject({
    code: z
      .string()
      .regex(/^[A-Z_]+$/)
      .meta({ description: 'Stable; for programs.' }),
    message: z.string().meta({ description: 'For people.' }),
    next: z.string().meta({ description: 'What to do next.' }).optional(),
  });
  const ErrorAnswer = z.strictObject({ error: Problem });
  const ModelVersion = z.strictObject({
    name: z.string(),
    version: z.string(),
    runId: z.string().nullable().meta({ description: 'MLflow run that trained it.' }),
    source: z
      .enum(['file', 'registry', 'cache'])
      .meta({ description: 'cache: the registry was unreachable at the start.' }),
    warning: z.string().nullable(),
    digest,
    features: count,
    data: z.strictObject({
      source: z.string(),
      digest,
      trainingTexts: count,
      domains: z.record(z.string(), count).meta({ description: 'Training texts by domain.' }),
    }),
    gitCommit: z.string().nullable().meta({ description: 'Commit that trained it.' }),
    metrics: z.record(z.string(), z.number()),
  });
  return {
    Word,
    ModelName,
    Prediction,
    SingleAnswer: z.strictObject({ ...fields, model: ModelName }),
    BatchAnswer: z.strictObject({
      predictions: z.array(z.union([Prediction, ErrorAnswer])),
      failed: z.int().min(1).meta({ description: 'How many texts got an error; only with partial.' }).optional(),
      model: ModelName,
    }),
    FeedbackAnswer: z.strictObject({
      id: z.string().meta({ description: 'Of the stored line.' }),
      label: z.enum(classes),
      predicted: z.enum(classes).meta({ description: 'What the model says now.' }),
      agreed: z.boolean(),
    }),
    Problem,
    Error: ErrorAnswer,
    Alive: z.strictObject({ status: z.literal('alive') }),
    Readiness: z.strictObject({ status: z.enum(['loading', 'ready', 'draining']) }),
    Version: z.strictObject({
      service: z.strictObject({ gitCommit: z.string().nullable(), node: z.string() }),
      model: ModelVersion.nullable(),
    }),
    ModelVersion,
  };
}
