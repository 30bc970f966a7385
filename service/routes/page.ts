/**
 * The page: GET / with the empty form, GET /?text=... with the answer to a text (a link that carries it), and POST /predict from the
 * form, for one text or for a text per line. None of it needs JavaScript.
 */
import type { Context } from 'koa';
import { Body, readBody } from '../body.ts';
import { sendPage } from '../page/document.ts';
import { type Home, homePage } from '../page/home.ts';
import type { Predictor } from '../predict.ts';
import { onlyValue, overloaded, parseForm, RequestError } from '../request.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';

export function page(service: Service): Handler {
  return async (ctx) => {
    let asked: Asked;
    try {
      asked = { ...askedIn(new URLSearchParams(ctx.querystring)), isLines: false };
      service.state.predictor?.checkClass(asked.towards);
    } catch (error) {
      return showError(service, ctx, error, {});
    }
    if (asked.text === undefined) return sendPage(ctx, homePage(standing(service, ctx)), 'home');
    service.access.check(ctx.req);
    await show(service, ctx, asked);
  };
}

/**
 * The page's form. `answer` sends the answer to a body of JSON: clients whose Accept header asks for JSON get it, and so
 * does a body that is JSON by itself.
 */
export function predictForm(service: Service, answer: (ctx: Context, body: Body) => void | Promise<void>): Handler {
  const { config, admission } = service;
  return async (ctx) => {
    const wantsJson = ctx.accepts('html', 'json') === 'json';
    let body: Body;
    let asked: Asked;
    try {
      body = await readBody(ctx.req, config.maxBodyBytes, admission);
      if (body.isJson) return answer(ctx, body);
      asked = await admission.work(body.length, () => askedIn(parseForm(body.text())));
    } catch (error) {
      if (wantsJson) throw error;
      return showError(service, ctx, error, {});
    }
    if (wantsJson) return answer(ctx, Body.of(JSON.stringify({ text: asked.text, towards: asked.towards })));
    await show(service, ctx, asked);
  };
}

/** `towards` is the class to explain, if it is not the predicted one. */
type Asked = { text: string | undefined; isLines: boolean; towards: string | undefined };

/** Throws RequestError 422 for what is given twice. */
function askedIn(parameters: URLSearchParams): Asked {
  const [text, lines, towards] = ['text', 'lines', 'towards'].map((name) => onlyValue(parameters, name));
  return { text, isLines: lines === '1', towards };
}

async function show(service: Service, ctx: Context, asked: Asked): Promise<void> {
  const { state, admission } = service;
  try {
    const predictor = predictorOf(state);
    const result = await admission.work(asked.text?.length ?? 0, () => judge(predictor, asked));
    const html = homePage({ ...standing(service, ctx), ...asked, ...result });
    if (!admission.send(ctx.res, html.length)) throw overloaded('too many answers wait for their readers');
    sendPage(ctx, html, 'home');
  } catch (error) {
    showError(service, ctx, error, asked);
  }
}

function judge(predictor: Predictor, { text, isLines, towards }: Asked): Pick<Home, 'explanation' | 'several'> {
  const lines = isLines ? (text ?? '').split(/\r?\n/).filter((line) => /\S/.test(line)) : [];
  predictor.checkClass(towards);
  if (lines.length < 2) return { explanation: predictor.explain(isLines ? (lines[0] ?? text) : text, towards) };
  const predictions = predictor.predictAll(lines, 'lines');
  return { several: lines.map((line, i) => ({ text: line, prediction: predictions[i] })) };
}

function showError(service: Service, ctx: Context, error: unknown, asked: Partial<Asked>): void {
  if (!(error instanceof RequestError)) throw error;
  ctx.status = error.status;
  ctx.set(error.headers);
  sendPage(ctx, homePage({ ...standing(service, ctx), ...asked, error }), 'home');
}

/** What the page says whatever was asked. */
function standing({ config, state, access, feedback }: Service, ctx: Context): Home {
  const { maxTextLength, maxBatchSize, maxBodyBytes, pathPrefix } = config;
  return {
    limits: { maxTextLength, maxBatchSize, maxBodyBytes },
    served: state.predictor?.served,
    needsKey: access.needsKey,
    address: `${ctx.origin}${pathPrefix}/predict`,
    judged: feedback && String(ctx.state.requestId),
  };
}
