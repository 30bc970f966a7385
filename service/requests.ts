/**
 * What requests must look like: zod schemas, which check every request and from which openapi.ts describes the API, and what
 * a client is told of the first thing that is wrong.
 */
import { z } from 'zod';
import { explainable } from './classes.ts';
import { RequestError } from './request.ts';

export type Limits = {
  /** UTF-16 units. */
  maxTextLength: number;
  maxBatchSize: number;
  /** Of all texts together, if they are to be explained: an answer is up to 40 times as long. */
  maxExplainLength: number;
};

/** Of a person's note on an answer; UTF-16 units. */
export const MAX_NOTE_LENGTH = 2000;

const flag = (description: string) => z.boolean().default(false).meta({ description });
const explain = flag('Adds score, bias, knownShare and words.');

/** Unknown fields are allowed, so that clients may send what a later version knows. `classes` are those of the model. */
export function requestSchemas({ maxTextLength, maxBatchSize }: Limits, classes: readonly string[]) {
  const towards = z
    .enum(explainable(classes))
    .meta({ description: 'The class to explain; by default the predicted one, and of two classes the second.' })
    .optional();
  const text = z
    .string()
    .max(maxTextLength)
    .regex(/\S/)
    .meta({ description: `With at least one visible character; at most ${maxTextLength} UTF-16 units.` });
  const listOf = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(maxBatchSize);
  return {
    text,
    /** Its texts are checked one by one. */
    list: listOf(z.unknown()),
    flags: z.looseObject({ explain, partial: flag(''), towards }),
    single: z.looseObject({ text, explain, towards }),
    batch: z.looseObject({
      texts: listOf(text),
      explain,
      towards,
      partial: flag('Answers the valid texts although others are not; those get an error in their place.'),
    }),
  };
}

export function feedbackSchema(limits: Limits, classes: readonly string[]) {
  return z.looseObject({
    text: requestSchemas(limits, classes).text,
    label: z.enum(classes).meta({ description: 'The label that the text should have.' }),
    request_id: z
      .string()
      .regex(/^[A-Za-z0-9_.:-]{1,100}$/)
      .meta({ description: 'X-Request-Id of the judged answer.' })
      .optional(),
    note: z.string().max(MAX_NOTE_LENGTH).optional(),
  });
}

type Issue = z.core.$ZodIssue;
type Told = { code: string; says: string; next?: string };
type Wrong = { issue: Issue; field: string; value: unknown };

const EXAMPLE = '{"text": "..."} or {"texts": ["...", "..."]}';

/** What is wrong with a text, a list of texts, a flag: by the kind of zod's issue. */
const TEXT_ISSUES: Record<string, (wrong: Wrong) => Told> = {
  invalid_type: ({ field, value }) =>
    value === undefined
      ? { code: 'TEXT_MISSING', says: `"${field}" is missing`, next: `send ${EXAMPLE}` }
      : { code: 'TEXT_NOT_STRING', says: `"${field}" must be a string, got ${describe(value)}` },
  too_big: ({ issue, field, value }) => ({
    code: 'TEXT_TOO_LONG',
    says: `"${field}" is ${(value as string).length} characters long; the limit is ${limitOf(issue)}`,
    next: 'send a shorter text, or split it',
  }),
  invalid_format: ({ field }) => ({ code: 'TEXT_EMPTY', says: `"${field}" is empty` }),
};

const LIST_ISSUES: Record<string, (wrong: Wrong) => Told> = {
  invalid_type: ({ field, value }) => ({
    code: 'TEXTS_NOT_LIST',
    says: `"${field}" must be a list of strings, got ${describe(value)}`,
  }),
  too_small: ({ field }) => ({ code: 'TEXTS_EMPTY', says: `"${field}" is empty` }),
  too_big: ({ issue, field, value }) => ({
    code: 'BATCH_TOO_LARGE',
    says: `"${field}" contains ${(value as unknown[]).length} texts; the limit is ${limitOf(issue)}`,
    next: `send at most ${limitOf(issue)} texts per request`,
  }),
};

const FEEDBACK_ISSUES: Record<string, (wrong: Wrong) => Told> = {
  label: ({ issue, value }) => {
    const classes = issue.code === 'invalid_value' ? issue.values.join(', ') : '';
    const got = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 100);
    return {
      code: 'LABEL_UNKNOWN',
      says: `"label" is ${got}; the classes of the model are ${classes}`,
      next: `send one of ${classes}`,
    };
  },
  request_id: () => ({
    code: 'REQUEST_ID_INVALID',
    says: '"request_id" is not the id of a request',
    next: 'send the X-Request-Id of the answer, or leave the field out',
  }),
  note: () => ({
    code: 'NOTE_INVALID',
    says: `"note" must be a string of at most ${MAX_NOTE_LENGTH} characters`,
  }),
};

/** Checks the fields of requests. Every method throws RequestError 422, which names the field. */
export class RequestChecks {
  readonly #schemas: ReturnType<typeof requestSchemas>;
  readonly #limits: Limits;

  constructor(limits: Limits, classes: readonly string[]) {
    this.#limits = limits;
    this.#schemas = requestSchemas(limits, classes);
  }

  text(value: unknown, field: string): string {
    const { success, data, error } = this.#schemas.text.safeParse(value);
    if (success) return data;
    throw refusal(TEXT_ISSUES, { issue: error.issues[0], field, value });
  }

  /** The texts are not checked yet. */
  list(value: unknown, field: string): unknown[] {
    const { success, data, error } = this.#schemas.list.safeParse(value);
    if (success) return data;
    throw refusal(LIST_ISSUES, { issue: error.issues[0], field, value });
  }

  flags(fields: Record<string, unknown>): { explain: boolean; partial: boolean; towards?: string | undefined } {
    const { success, data, error } = this.#schemas.flags.safeParse(fields);
    if (success) return data;
    const field = String(error.issues[0].path[0]);
    if (field === 'towards') throw unknownClass(error.issues[0], fields.towards);
    const says = `"${field}" must be true or false, got ${describe(fields[field])}`;
    throw new RequestError(422, `${field.toUpperCase()}_NOT_BOOLEAN`, says);
  }

  explainLength(texts: readonly string[]): void {
    const { maxExplainLength } = this.#limits;
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    if (length <= maxExplainLength) return;
    throw new RequestError(
      422,
      'EXPLAIN_TOO_LONG',
      `the texts to explain are ${length} characters long; the limit is ${maxExplainLength}`,
      { next: 'send fewer texts per request, or do not ask to explain them' },
    );
  }
}

function unknownClass(issue: Issue, value: unknown): RequestError {
  const classes = issue.code === 'invalid_value' ? issue.values.join(', ') : '';
  return told({
    code: 'TOWARDS_UNKNOWN',
    says: `"towards" is ${JSON.stringify(value).slice(0, 100)}; the classes that can be explained are: ${classes}`,
    next: 'send one of them, or leave the field out to have the answer explained',
  });
}

/** Checks a judgement. Throws RequestError 422, which names the field. */
export function checkFeedback(fields: Record<string, unknown>, schema: ReturnType<typeof feedbackSchema>) {
  const { success, data, error } = schema.safeParse(fields);
  if (success) return data;
  const issue = error.issues[0];
  const field = String(issue.path[0]);
  const wrong = { issue, field, value: fields[field] };
  throw field === 'text' ? refusal(TEXT_ISSUES, wrong) : told(FEEDBACK_ISSUES[field](wrong));
}

function refusal(table: Record<string, (wrong: Wrong) => Told>, wrong: Wrong): RequestError {
  return told(table[wrong.issue.code](wrong));
}

function told({ code, says, next }: Told): RequestError {
  return new RequestError(422, code, says, { next });
}

/** `example` is what a client should send instead. Throws RequestError. */
export function requireObject(value: unknown, example = EXAMPLE): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RequestError(422, 'BODY_NOT_OBJECT', `the body must be a JSON object, got ${describe(value)}`, {
    next: `send ${example}`,
  });
}

function limitOf(issue: Issue): number {
  return issue.code === 'too_big' ? Number(issue.maximum) : 0;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
