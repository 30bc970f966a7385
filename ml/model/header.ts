/**
 * Checks the JSON header of an artifact when it is loaded: a right checksum says only that nothing changed since the file
 * was written, not that this program wrote it. Written by hand, because the service does without a library for it.
 *
 * Unknown fields are allowed, so that a later version may add some.
 */
import type { BlockSettings } from '../features/block.ts';
import type { VectorizerSettings } from '../features/vectorizer.ts';
import type { NormalizeSettings } from '../text/rules.ts';
import type { Decision, ModelCard, ModelFacts, TrainingProfile } from './types.ts';

/** Says what is wrong with a value, as in "vectorizer.word.ngrams[0] is 0, not a whole number from 1 to 20". */
export type Check = (value: unknown, path: string) => string | undefined;

type Fields<T> = { [K in keyof Required<T>]: Check };

export const text = is('a text', (value) => typeof value === 'string');
const flag = is('true or false', (value) => typeof value === 'boolean');
const date = is('a date', (value) => typeof value === 'string' && Number.isFinite(Date.parse(value)));
// Keeps every sum of weights finite.
const MOST = 1e9;

export function number(least: number, most: number): Check {
  return is(`a number from ${least} to ${most}`, (value) => isWithin(value, least, most));
}

export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Check {
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  return is(`a whole number ${range}`, (value) => Number.isInteger(value) && isWithin(value, least, most));
}

/** From 2^10 to 2^24. */
const powerOfTwo = is('a power of two from 2^10 to 2^24', (value) =>
  Array.from({ length: 15 }, (_, bits) => 2 ** (10 + bits)).includes(value as number),
);

export function oneOf(...values: readonly string[]): Check {
  return is(values.join(', '), (value) => typeof value === 'string' && values.includes(value));
}

export function list(check: Check): Check {
  return (value, path) =>
    Array.isArray(value)
      ? firstOf(value, (item, i) => check(item, `${path}[${i}]`))
      : `${path} is ${shown(value)}, not a list`;
}

export function fields(checks: Record<string, Check>): Check {
  return (value, path) =>
    isRecord(value)
      ? firstOf(Object.entries(checks), ([name, check]) => check(value[name], path === '' ? name : `${path}.${name}`))
      : `${path || 'it'} is ${shown(value)}, not an object`;
}

export const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

const nullable =
  (check: Check): Check =>
  (value, path) =>
    value === null ? undefined : check(value, path);

const recordOf =
  (check: Check): Check =>
  (value, path) =>
    fields(isRecord(value) ? Object.fromEntries(Object.keys(value).map((name) => [name, check])) : {})(value, path);

const both =
  (one: Check, other: Check): Check =>
  (value, path) =>
    one(value, path) ?? other(value, path);

// Undefined in a model of the time before rules had versions.
const rules = optional(whole(1, 2));

const normalize: Fields<NormalizeSettings> = {
  rules,
  lowercase: flag,
  decode_entities: flag,
  strip_tags: flag,
  unicode_form: oneOf('NFC', 'NFKC', 'none'),
  written_out: optional(flag),
  repair_encoding: optional(flag),
  addresses: optional(flag),
  emoticons: optional(flag),
  hashtags: optional(flag),
  elongation: optional(flag),
};

const block: Fields<BlockSettings> = {
  ngrams: both(
    list(whole(1, 20)),
    is('two numbers, the smaller first', (value) => {
      const [least, most, ...others] = value as number[];
      return least <= most && others.length === 0;
    }),
  ),
  min_df: number(0, MOST),
  max_df: number(0, MOST),
  max_features: whole(0),
  weighting: oneOf('count', 'binary', 'tfidf'),
  sublinear_tf: flag,
  smooth_idf: flag,
  norm: oneOf('l2', 'l1', 'none'),
};

// /version shows most of them.
const MOST_FACT = 10_000;
const fact = is(
  `a text of at most ${MOST_FACT} characters`,
  (value) => typeof value === 'string' && value.length <= MOST_FACT,
);

const vectorizer: Fields<VectorizerSettings> = {
  rules,
  tokenizer: oneOf('words', 'treebank', 'wordpunct', 'aggressive'),
  stemmer: oneOf('none', 'porter', 'lancaster'),
  stopwords: oneOf('none', 'english', 'english_without_negations'),
  negation_scope: whole(0, 20),
  negation_weight: number(0, 3),
  contrast_weight: number(0, 1),
  word: nullable(fields(block)),
  char: nullable(fields(block)),
  hashing: optional(powerOfTwo),
  polarity: optional(list(oneOf('vader', 'afinn', 'vectors'))),
  prior: optional(fact),
};

export const vectorizerSettings: Check = both(
  fields(vectorizer),
  is('settings with word or char n-grams', (value) => {
    const { word, char } = value as VectorizerSettings;
    return word !== null || char !== null;
  }),
);

const scale = number(-MOST, MOST);
const oneScale = fields({
  intercept: scale,
  calibration: fields({ slope: scale, offset: scale, signs: optional(number(0, 1000)) }),
});
const listOfScales = fields({
  intercepts: list(scale),
  calibration: fields({ slopes: list(scale), offsets: list(scale) }),
});

const MOST_CLASSES = 100;
const MOST_NAME = 200;
// It becomes a label of metrics and stands in every answer.
const className = is(
  `a name of 1 to ${MOST_NAME} characters on one line`,
  (value) => typeof value === 'string' && value.length <= MOST_NAME && /^[^\p{Cc}]+$/u.test(value),
);
const classNames: Check = both(
  fields({ names: list(className), ordered: flag }),
  is(`names of 2 to ${MOST_CLASSES} classes, each other than the others`, (value) => {
    const { names } = value as { names: string[] };
    return names.length >= 2 && names.length <= MOST_CLASSES && new Set(names).size === names.length;
  }),
);

const share = number(0, 1);
const decision: Fields<Decision> = {
  threshold: optional(fields({ class: whole(0, MOST_CLASSES - 1), above: share })),
  costs: optional(list(list(number(0, MOST)))),
  least_known: optional(share),
  abstain_below: optional(share),
  conformal: optional(fields({ coverage: share, least: number(-MOST, 1) })),
};

/** A decision that speaks of classes which the model has. */
const decisionOfClasses: Check = (value, path) => {
  const { classes, decision: own } = value as { classes?: { names: string[] }; decision?: Decision };
  const count = classes?.names.length ?? 2;
  const { threshold, costs } = own ?? {};
  const fits = (threshold?.class ?? 0) < count && (costs ?? []).every((row) => row.length === count);
  return fits && (costs?.length ?? count) === count ? undefined : `${path}decision is not about ${count} classes`;
};

const MOST_EXAMPLES = 100;

const card: Fields<ModelCard> = {
  slices: list(
    fields({
      by: fact,
      from: number(-MOST, MOST),
      to: number(-MOST, MOST),
      count: whole(0),
      accuracy: share,
      accuracy_se: share,
    }),
  ),
  calibration: list(fields({ class: optional(fact), predicted: share, observed: share, count: whole(0) })),
  behaviour: list(fields({ file: fact, name: fact, decides: flag, passed: whole(0), total: whole(0) })),
  examples: both(
    list(fields({ text: fact, label: fact })),
    is(`at most ${MOST_EXAMPLES} examples`, (value) => (value as unknown[]).length <= MOST_EXAMPLES),
  ),
};

const facts: Fields<ModelFacts> = {
  dataDigest: fact,
  source: fact,
  trainingTexts: whole(0),
  domains: optional(recordOf(whole(0))),
  params: recordOf(() => undefined),
  prior: optional(fact),
  // JSON has null for a measure that has no value.
  metrics: optional(recordOf(nullable(number(-Number.MAX_VALUE, Number.MAX_VALUE)))),
  card: optional(fields(card)),
  gitCommit: optional(fact),
  runId: optional(fact),
  modelName: optional(fact),
  trainedAt: optional(date),
};

const distribution: Check = both(
  fields({ bounds: list(number(-MOST, MOST)), counts: list(whole(0)) }),
  is('a distribution', (value) => {
    const { bounds, counts } = value as { bounds: number[]; counts: number[] };
    const isAscending = bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]);
    // The service has a series for each bucket.
    return isAscending && bounds.length <= 100 && counts.length === bounds.length + 1 && counts.some((n) => n > 0);
  }),
);

const profile: Fields<TrainingProfile> = {
  version: whole(1, 1),
  length: distribution,
  unknown_share: distribution,
  probability: nullable(distribution),
  probabilities: optional(list(distribution)),
  mean_confidence: nullable(number(0, 1)),
};

/** A profile of a later version is not read. */
const anyProfile: Check = (value, path) =>
  isRecord(value) && Number.isInteger(value.version) && (value.version as number) > 1
    ? undefined
    : fields(profile)(value, path);

const commonHeader = fields({
  normalize: fields(normalize),
  vectorizer: vectorizerSettings,
  classes: optional(classNames),
  decision: optional(fields(decision)),
  facts: fields(facts),
  profile: optional(anyProfile),
});

export const modelHeader: Check = (value, path) =>
  commonHeader(value, path) ??
  (isRecord(value) && 'intercepts' in value ? listOfScales : oneScale)(value, path) ??
  decisionOfClasses(value, path);

export function is(what: string, holds: (value: unknown) => boolean): Check {
  return (value, path) => (holds(value) ? undefined : `${path} is ${shown(value)}, not ${what}`);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstOf<T>(items: readonly T[], check: (item: T, i: number) => string | undefined): string | undefined {
  for (let i = 0; i < items.length; i++) {
    const wrong = check(items[i], i);
    if (wrong !== undefined) return wrong;
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const json = shortJson(value);
  return json.length > 100 ? `${json.slice(0, 100)}...` : json;
}

/** JSON of a value that may be nested deeper than the stack allows. */
function shortJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return 'nested too deeply to be shown';
  }
}
