/**
 * POST /predict without any framework: the JSON of a request in, the JSON of its answer out.
 *
 *     {"text": "..."}             ->  one prediction
 *     {"texts": ["...", "..."]}   ->  {"predictions": [...], "model": {...}}
 *
 * openapi.ts describes the fields. `"explain": true` adds the contribution of each word to the class that `towards` names. A request is checked completely before
 * any text is scored; with `"partial": true`, an invalid text gets an error in its place and the others are answered.
 */
import { knownShareOf } from '../ml/model/decision.ts';
import type { Explanation, Prediction } from '../ml/model/types.ts';
import { AnswerJson } from './answer_json.ts';
import { sentimentOf } from './classes.ts';
import { checkExtent } from './json_extent.ts';
import { invalidJson } from './json_position.ts';
import { errorAnswer, RequestError } from './request.ts';
import { type Limits, RequestChecks, requireObject } from './requests.ts';
import type { ServedModel } from './served_model.ts';
import { LARGE_BYTES } from './turns.ts';

/** Called with the prediction of every text. */
export type Observe = (prediction: Prediction) => void;

/** Answers requests with one model. */
export class Predictor {
  readonly served: ServedModel;
  readonly #checks: RequestChecks;
  readonly #observe: Observe;
  readonly #modelJson: string;
  /** The part of an answer that depends on the class alone: JSON up to the probability. */
  readonly #heads: string[];
  readonly #keys: string[];

  constructor(served: ServedModel, limits: Limits, observe: Observe) {
    this.served = served;
    this.#checks = new RequestChecks(limits, served.model.classes);
    this.#observe = observe;
    this.#modelJson = JSON.stringify({ name: served.name, version: served.version });
    const { classes } = served.model;
    this.#heads = classes.map((label, index) =>
      headOf({ label, sentiment: sentimentOf(label), prediction: String(index) }),
    );
    this.#keys = classes.map((label) => JSON.stringify(label));
  }

  /**
   * Returns the JSON of the answer, in pieces if it is large. `explain` is what the URL asks for; the body may ask for it too.
   * Throws RequestError: 400 for invalid JSON, 422 for an invalid field, which it names.
   */
  predictJson(body: string, explain = false): string | Buffer[] {
    const fields = parseObject(body);
    const { text, texts } = fields;
    const isPlain = fields.explain === undefined && fields.partial === undefined && fields.towards === undefined;
    const asked = isPlain ? NOTHING : this.#checks.flags(fields);
    const explained = asked.explain || explain;
    const towards = this.#classOf(asked.towards);
    const end = `,"model":${this.#modelJson}}`;
    if (texts === undefined) {
      const one = this.#checks.text(text, 'text');
      if (!explained) return this.#open(this.served.model.predict(one)) + end;
      const json = new AnswerJson();
      this.#explain(one, towards, json);
      return json.add(end).whole();
    }
    if (text !== undefined) {
      throw new RequestError(422, 'TEXT_AND_TEXTS', '"text" and "texts" are both given', {
        next: 'send one of the two',
      });
    }
    const list = this.#checkAll(texts, 'texts', asked.partial);
    if (explained) this.#checks.explainLength(list.filter((each) => typeof each === 'string'));
    const failed = list.filter((one) => typeof one !== 'string').length;
    const last = `]${failed > 0 ? `,"failed":${failed}` : ''}${end}`;
    const json = new AnswerJson('{"predictions":[');
    list.forEach((one, i) => {
      if (i > 0) json.add(',');
      if (typeof one !== 'string') json.add(JSON.stringify(errorAnswer(one)));
      else if (explained) this.#explain(one, towards, json).add('}');
      else json.add(`${this.#open(this.served.model.predict(one))}}`);
    });
    return json.add(last).whole();
  }

  /** Throws RequestError 422 if `towards` is no class that can be explained. */
  checkClass(towards: string | undefined): void {
    this.#checks.flags({ towards });
  }

  /** For the page. `towards` names the class to explain. Throws RequestError as above. */
  explain(text: unknown, towards?: string): Explanation {
    const { towards: named } = this.#checks.flags({ towards });
    const explanation = this.served.model.explain(this.#checks.text(text, 'text'), this.#classOf(named));
    this.#observe(explanation);
    return explanation;
  }

  /** For the inference protocol and the page; errors call the list `field`. Throws RequestError as above. */
  predictAll(values: unknown, field: string): Prediction[] {
    return this.#checkAll(values, field, false).map((text) => {
      const prediction = this.served.model.predict(text as string);
      this.#observe(prediction);
      return prediction;
    });
  }

  /** For feedback: not counted as a prediction. */
  judge(text: string): Prediction {
    return this.served.model.predict(text);
  }

  /** All texts, before any is scored; with `partial`, errors in place of the invalid ones. */
  #checkAll(values: unknown, field: string, partial: boolean): (string | RequestError)[] {
    return this.#checks.list(values, field).map((value, i) => {
      try {
        return this.#checks.text(value, `${field}[${i}]`);
      } catch (error) {
        if (partial && error instanceof RequestError) return error;
        throw error;
      }
    });
  }

  /** Adds the JSON of an explained prediction without its closing brace. */
  #explain(text: string, about: number | undefined, json: AnswerJson): AnswerJson {
    const { model } = this.served;
    const explanation = model.explain(text, about);
    const { score, bias, knownShare, words } = explanation;
    const towards = model.classes.length > 2 && { towards: model.classes[explanation.towards] };
    json.add(this.#open(explanation));
    json.add(`,${JSON.stringify({ ...towards, score, bias, knownShare }).slice(1, -1)},"words":`);
    return json.addList(words);
  }

  #classOf(name: string | undefined): number | undefined {
    return name === undefined ? undefined : this.served.model.classes.indexOf(name);
  }

  /** JSON of a prediction without its closing brace. */
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

const NOTHING = { explain: false, partial: false, towards: undefined };

/**
 * `example` is what a client should send instead. Throws RequestError: 400 for invalid JSON, 422 for anything but an object, and for
 * one that no client needs.
 */
export function parseObject(body: string, example?: string): Record<string, unknown> {
  if (body.length >= LARGE_BYTES) checkExtent(body);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw invalidJson(body);
  }
  return requireObject(value, example);
}
