/**
 * What travels with a registered model for its card (service/page/card.ts), from the reports of the evaluation: figures by
 * slice, calibration, behaviour tests, and if params.yaml asks for them, some held-out texts.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Review } from '../corpus/review.ts';
import { readReviews } from '../corpus/reviews_file.ts';
import { SentimentError } from '../errors.ts';
import type { Model, ModelCard } from '../model/types.ts';
import { paths } from './paths.ts';

const slices = z.array(
  z.object({
    by: z.string(),
    from: z.number(),
    to: z.number(),
    count: z.int(),
    accuracy: z.number(),
    accuracy_se: z.number(),
  }),
);

const calibration = z.array(
  z.object({ class: z.string().optional(), predicted: z.number(), observed: z.number(), count: z.int() }),
);

const behaviour = z.object({
  files: z.array(
    z.object({
      file: z.string(),
      decides: z.boolean(),
      byName: z.record(z.string(), z.object({ passed: z.int(), total: z.int() })),
    }),
  ),
});

/** Throws REPORT_MISSING if the evaluation has not run. */
export function modelCard(model: Pick<Model, 'predict' | 'classes'>, examples: number): ModelCard {
  return {
    slices: read(paths.slices, slices),
    calibration: read(paths.calibration, calibration),
    behaviour: read(paths.behaviour, behaviour).files.flatMap(({ file, decides, byName }) =>
      Object.entries(byName).map(([name, { passed, total }]) => ({ file, name, decides, passed, total })),
    ),
    examples: examples === 0 ? [] : chooseExamples(model, readReviews(paths.rawTest), examples),
  };
}

const SHORTEST = 30;
const LONGEST = 120;
/** More sure than this, and right: a first look at the model should not be its hardest case. */
const LEAST_CONFIDENCE = 0.8;

/**
 * Up to `count` texts that the model answers rightly, of a length that fits a button. Domains and classes take turns, so that all are
 * shown.
 */
export function chooseExamples(
  model: Pick<Model, 'predict' | 'classes'>,
  reviews: Iterable<Review>,
  count: number,
): ModelCard['examples'] {
  const found = new Map<string, ModelCard['examples']>();
  for (const { text, label, domain = '' } of reviews) {
    const shown = text.trim();
    if (shown.length < SHORTEST || shown.length > LONGEST || /[\n<]|https?:|@\w/.test(shown)) continue;
    const kind = `${domain} ${label}`;
    const own = found.get(kind) ?? [];
    if (own.length >= count) continue;
    const prediction = model.predict(text);
    if (prediction.class !== label || prediction.abstains || prediction.confidence < LEAST_CONFIDENCE) continue;
    found.set(kind, [...own, { text: shown, label: model.classes[label] }]);
  }
  const kinds = [...found.keys()].sort().map((kind) => found.get(kind) ?? []);
  const inTurn = Array.from({ length: count }, (_, turn) => kinds.flatMap((own) => own.slice(turn, turn + 1))).flat();
  return inTurn.slice(0, count);
}

function read<T>(path: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new SentimentError('REPORT_MISSING', `cannot read ${path}`, {
      cause,
      next: 'run the stage that writes it: dvc repro model_evaluation --force',
    });
  }
}
