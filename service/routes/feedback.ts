/**
 * POST /feedback: what a person says about an answer, as JSON or from the buttons on the page.
 *
 *     {"text": "...", "label": "positive", "request_id": "...", "note": "..."}  ->  {"id", "label", "predicted", "agreed"}
 *
 * The answer that is judged is what the model says of the text now: the service keeps neither texts nor answers, and another
 * pod may have given the answer. After a release, that can be another model than the person saw; the line names it.
 */
import { readBody } from '../body.ts';
import { type Feedback, FeedbackRefused, type Judgement, MAX_NOTE_LENGTH } from '../feedback/feedback.ts';
import { pageHeaders } from '../page/document.ts';
import { thanksPage } from '../page/feedback.ts';
import { parseObject } from '../predict.ts';
import { FORM, isJson, mediaType, RequestError, UNSAID, unsupported } from '../request.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';

const REQUEST_ID = /^[\w.:-]{1,100}$/;

export function feedback({ config, state, metrics, admission, feedback: store }: Service): Handler {
  if (!store) return refuse;
  return async (ctx) => {
    const type = mediaType(ctx.req.headers['content-type']);
    if (type !== 'application/json' && type !== FORM && !UNSAID.includes(type)) throw unsupported(type);
    const predictor = predictorOf(state);
    const body = await readBody(ctx.req, config.maxBodyBytes, admission);
    if (UNSAID.includes(type) && !isJson(body)) throw unsupported(type);
    const fields =
      type === FORM && !isJson(body) ? formFields(body) : parseObject(body, '{"text": "...", "label": "..."}');
    const label = checkLabel(fields.label, predictor.served.model.classes);
    const optional = { ...checkRequestId(fields.request_id), ...checkNote(fields.note) };
    const { text, prediction } = await admission.work(body.length, () => predictor.judge(fields.text));
    const { label: predicted } = prediction;
    const id = String(ctx.state.requestId);
    const model = predictor.served.version;
    const isNew = await add(store, { time: new Date().toISOString(), id, text, label, predicted, model, ...optional });
    if (isNew) metrics.judged(predicted, label === predicted);
    if (type === FORM && ctx.accepts('html', 'json') === 'html') {
      ctx.set(pageHeaders);
      ctx.body = thanksPage(predictor.served);
    } else {
      ctx.body = { id, label, predicted, agreed: label === predicted };
    }
  };

  async function add(to: Feedback, judgement: Judgement): Promise<boolean> {
    try {
      return await to.add(judgement);
    } catch (error) {
      if (error instanceof FeedbackRefused) metrics.rejectedFeedback(error.reason);
      throw error;
    }
  }
}

const refuse: Handler = () => {
  throw new RequestError(404, 'FEEDBACK_OFF', 'this service does not collect feedback', {
    next: 'its operator can turn it on with FEEDBACK_TO',
  });
};

type Fields = { text?: unknown; label?: unknown; request_id?: unknown; note?: unknown };

function formFields(body: string): Fields {
  const form = new URLSearchParams(body);
  const field = (name: string) => form.get(name) || undefined;
  return {
    text: form.get('text') ?? undefined,
    label: field('label'),
    request_id: field('request_id'),
    note: field('note'),
  };
}

function checkLabel(value: unknown, classes: readonly string[]): string {
  const label = classes.find((each) => each === value);
  if (label !== undefined) return label;
  const got = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 100);
  throw new RequestError(
    422,
    'LABEL_UNKNOWN',
    `"label" is ${got}; the classes of the model are ${classes.join(', ')}`,
    {
      next: `send one of ${classes.join(', ')}`,
    },
  );
}

function checkRequestId(value: unknown): { request_id?: string } {
  if (value === undefined) return {};
  if (typeof value === 'string' && REQUEST_ID.test(value)) return { request_id: value };
  throw new RequestError(422, 'REQUEST_ID_INVALID', '"request_id" is not the id of a request', {
    next: 'send the X-Request-Id of the answer, or leave the field out',
  });
}

function checkNote(value: unknown): { note?: string } {
  if (value === undefined) return {};
  if (typeof value === 'string' && value.length <= MAX_NOTE_LENGTH) return { note: value };
  throw new RequestError(422, 'NOTE_INVALID', `"note" must be a string of at most ${MAX_NOTE_LENGTH} characters`);
}
