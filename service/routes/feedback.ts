/**
 * POST /feedback: what a person says about an answer, as JSON or from the buttons on the page.
 *
 *     {"text": "...", "label": "positive", "request_id": "...", "note": "..."}  ->  {"id", "label", "predicted", "agreed"}
 *
 * The answer that is judged is what the model says of the text now: the service keeps neither texts nor answers, and another
 * pod may have given the answer. After a release, that can be another model than the person saw; the line names it.
 */
import { readBody } from '../body.ts';
import { type Feedback, FeedbackRefused, type Judgement } from '../feedback/feedback.ts';
import { sendPage } from '../page/document.ts';
import { thanksPage } from '../page/feedback.ts';
import { parseObject } from '../predict.ts';
import { FORM, mediaType, parseForm, RequestError, UNSAID, unsupported } from '../request.ts';
import { checkFeedback, feedbackSchema } from '../requests.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';

export function feedback({ config, state, metrics, admission, access, feedback: store }: Service): Handler {
  if (!store) return refuse;
  let schema: ReturnType<typeof feedbackSchema> | undefined;
  return async (ctx) => {
    access.check(ctx.req);
    const type = mediaType(ctx.req.headers['content-type']);
    if (type !== 'application/json' && type !== FORM && !UNSAID.includes(type)) throw unsupported(type);
    const predictor = predictorOf(state);
    const body = await readBody(ctx.req, config.maxBodyBytes, admission);
    if (UNSAID.includes(type) && !body.isJson) throw unsupported(type);
    schema ??= feedbackSchema(config, predictor.served.model.classes);
    const known = schema;
    const judged = () => {
      const given = body.text();
      const isForm = type === FORM && !body.isJson;
      const fields = isForm ? formFields(given) : parseObject(given, '{"text": "...", "label": "..."}');
      const checked = checkFeedback(fields, known);
      return { ...checked, predicted: predictor.judge(checked.text).label };
    };
    const { text, label, request_id, note, predicted } = await admission.work(body.length, judged);
    const id = String(ctx.state.requestId);
    const model = predictor.served.version;
    const isNew = await add(store, {
      time: new Date().toISOString(),
      id,
      text,
      label,
      predicted,
      model,
      request_id,
      note,
    });
    if (isNew) metrics.judged(predicted, label === predicted);
    if (type === FORM && ctx.accepts('html', 'json') === 'html') {
      sendPage(ctx, thanksPage(predictor.served));
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

function formFields(body: string): Record<string, unknown> {
  const form = parseForm(body);
  const field = (name: string) => form.get(name) || undefined;
  return {
    text: form.get('text') ?? undefined,
    label: field('label'),
    request_id: field('request_id'),
    note: field('note'),
  };
}
