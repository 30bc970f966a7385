/**
 * POST /predict without any framework: the JSON of a request in, the JSON of its answer out.
 *
 *     {"text": "..."}             ->  one prediction
 *     {"texts": ["...", "..."]}   ->  {"predictions": [...], "model": {...}}
 *
 * openapi.ts describes the fields. `"explain": true` adds the contribution of each word. A request is checked completely before any text is scored.
 */
import { knownShareOf } from '../ml/model/decision.ts';
import type { Explanation, Prediction } from '../ml/model/types.ts';
import { invalidJson } from './json_position.ts';
import { RequestError } from './request.ts';
import type { ServedModel } from './served_model.ts';

export type Limits = {
  /** UTF-16 units. */
  maxTextLength: number;
  maxBatchSize: number;
  /** Of all texts together, if they are to be explained: an answer is up to 40 times as long. */
  maxExplainLength: number;
};

const SENTIMENTS = new Map([
  ['negative', 'Negative Sentiment'],
  ['neutral', 'Neutral Sentiment'],
  ['positive', 'Positive Sentiment'],
]);

/** What people call a class; a class that is no sentiment keeps its name. */
export function sentimentOf(label: string): string {
  return SENTIMENTS.get(label) ?? label;
}

/** The classes of a service whose model is not yet loaded, as far as anyone knows. */
export const USUAL_CLASSES: readonly string[] = ['negative', 'positive'];

/** "positive or negative", the last class first. */
export function namesOf(classes: readonly string[]): string {
  const names = classes.toReversed();
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** Called with the prediction of every text. */
export type Observe = (prediction: Prediction) => void;

/** Answers requests with one model. */
export class Predictor {
  readonly served: ServedModel;
  readonly #limits: Limits;
  readonly #observe: Observe;
  readonly #modelJson: string;
  /** The part of an answer that depends on the class alone: JSON up to the probability. */
  readonly #heads: string[];
  readonly #keys: string[];

  constructor(served: ServedModel, limits: Limits, observe: Observe) {
    this.served = served;
    this.#limits = limits;
    this.#observe = observe;
    this.#modelJson = JSON.stringify({ name: served.name, version: served.version });
    const { classes } = served.model;
    this.#heads = classes.map((label, index) =>
      headOf({ label, sentiment: sentimentOf(label), prediction: String(index) }),
    );
    this.#keys = classes.map((label) => JSON.stringify(label));
  }

  /**
   * Returns the JSON of the answer. `explain` is what the URL asks for; the body may ask for it too.
   * Throws RequestError: 400 for invalid JSON, 422 for an invalid field, which it names.
   */
  predictJson(body: string, explain = false): string {
    const request: RequestFields = parseObject(body, EXAMPLE);
    const { text, texts } = request;
    if (typeof text === 'string' && texts === undefined && request.explain === undefined && !explain) {
      return `${this.#answer(checkText(text, 'text', this.#limits))},"model":${this.#modelJson}}`;
    }
    const explained = checkExplain(request.explain) || explain;
    if (texts === undefined) {
      return `${this.#answer(checkText(text, 'text', this.#limits), explained)},"model":${this.#modelJson}}`;
    }
    const list = checkTexts(request, this.#limits);
    if (explained) checkExplainLength(list, this.#limits);
    const answers = list.map((one) => `${this.#answer(one, explained)}}`);
    return `{"predictions":[${answers.join(',')}],"model":${this.#modelJson}}`;
  }

  /** For the page. Throws RequestError as above. */
  explain(text: unknown): Explanation {
    const explanation = this.served.model.explain(checkText(text, 'text', this.#limits));
    this.#observe(explanation);
    return explanation;
  }

  /** For the inference protocol; errors call the list `field`. Throws RequestError as above. */
  predictAll(values: unknown, field: string): Prediction[] {
    return checkList(values, field, this.#limits).map((text) => {
      const prediction = this.served.model.predict(text);
      this.#observe(prediction);
      return prediction;
    });
  }

  /** For feedback: not counted as a prediction. Throws RequestError as above. */
  judge(text: unknown): { text: string; prediction: Prediction } {
    const checked = checkText(text, 'text', this.#limits);
    return { text: checked, prediction: this.served.model.predict(checked) };
  }

  /** JSON of one prediction without its closing brace. */
  #answer(text: string, explain = false): string {
    const { model } = this.served;
    if (!explain) return this.#open(model.predict(text));
    const explanation = model.explain(text);
    const { score, bias, knownShare, words } = explanation;
    const towards = model.classes.length > 2 && { towards: model.classes[explanation.towards] };
    return `${this.#open(explanation)},${JSON.stringify({ ...towards, score, bias, knownShare, words }).slice(1, -1)}`;
  }

  #open(prediction: Prediction): string {
    this.#observe(prediction);
    const { abstains, probability, probabilities, confidence, possible } = prediction;
    const head =
      abstains === undefined
        ? this.#heads[prediction.class]
        : headOf({ label: null, sentiment: null, prediction: null, abstains });
    const two = `${head}${probability},"confidence":${confidence},"known_share":${knownShareOf(prediction)}`;
    const more = this.#keys.length === 2 ? '' : `,"probabilities":${this.#byClass(probabilities)}`;
    return possible === undefined
      ? two + more
      : `${two}${more},"possible":[${possible.map((k) => this.#keys[k]).join(',')}]`;
  }

  #byClass(values: readonly number[]): string {
    return `{${values.map((value, k) => `${this.#keys[k]}:${value}`).join(',')}}`;
  }
}

function headOf(fields: Record<string, string | null>): string {
  return `${JSON.stringify(fields).slice(0, -1)},"probability":`;
}

type RequestFields = { text?: unknown; texts?: unknown; explain?: unknown };

const EXAMPLE = '{"text": "..."} or {"texts": ["...", "..."]}';

/** `example` is what a client should send instead. Throws RequestError. */
export function parseObject(body: string, example: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw invalidJson(body);
  }
  if (isObject(value)) return value;
  throw new RequestError(422, 'BODY_NOT_OBJECT', `the body must be a JSON object, got ${describe(value)}`, {
    next: `send ${example}`,
  });
}

function checkText(value: unknown, field: string, limits: Limits): string {
  if (typeof value !== 'string') {
    if (value === undefined) {
      throw new RequestError(422, 'TEXT_MISSING', `"${field}" is missing`, { next: `send ${EXAMPLE}` });
    }
    throw new RequestError(422, 'TEXT_NOT_STRING', `"${field}" must be a string, got ${describe(value)}`);
  }
  if (value.length > limits.maxTextLength) {
    throw new RequestError(
      422,
      'TEXT_TOO_LONG',
      `"${field}" is ${value.length} characters long; the limit is ${limits.maxTextLength}`,
      { next: 'send a shorter text, or split it' },
    );
  }
  if (!/\S/.test(value)) throw new RequestError(422, 'TEXT_EMPTY', `"${field}" is empty`);
  return value;
}

function checkTexts({ text, texts }: RequestFields, limits: Limits): string[] {
  if (text !== undefined) {
    throw new RequestError(422, 'TEXT_AND_TEXTS', '"text" and "texts" are both given', { next: 'send one of the two' });
  }
  return checkList(texts, 'texts', limits);
}

function checkList(texts: unknown, field: string, limits: Limits): string[] {
  if (!Array.isArray(texts)) {
    throw new RequestError(422, 'TEXTS_NOT_LIST', `"${field}" must be a list of strings, got ${describe(texts)}`);
  }
  if (texts.length === 0) throw new RequestError(422, 'TEXTS_EMPTY', `"${field}" is empty`);
  if (texts.length > limits.maxBatchSize) {
    throw new RequestError(
      422,
      'BATCH_TOO_LARGE',
      `"${field}" contains ${texts.length} texts; the limit is ${limits.maxBatchSize}`,
      { next: `send at most ${limits.maxBatchSize} texts per request` },
    );
  }
  return texts.map((value: unknown, i) => checkText(value, `${field}[${i}]`, limits));
}

function checkExplainLength(texts: readonly string[], { maxExplainLength }: Limits): void {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length <= maxExplainLength) return;
  throw new RequestError(
    422,
    'EXPLAIN_TOO_LONG',
    `the texts to explain are ${length} characters long; the limit is ${maxExplainLength}`,
    { next: 'send fewer texts per request, or do not ask to explain them' },
  );
}

function checkExplain(value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new RequestError(422, 'EXPLAIN_NOT_BOOLEAN', `"explain" must be true or false, got ${describe(value)}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
