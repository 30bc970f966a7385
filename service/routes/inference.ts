/**
 * The Open Inference Protocol, version 2, over HTTP, as KServe, Triton and MLServer speak it, so that their clients and load
 * balancers work unchanged. The texts are a tensor "text" of BYTES; its binary form (an extension of Triton) is refused
 * with the option that clients have against it.
 * https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
 */
import type { Context, Middleware } from 'koa';
import type { Prediction } from '../../ml/model/types.ts';
import { readBody } from '../body.ts';
import { parseObject } from '../predict.ts';
import { mediaType, RequestError, UNSAID, unsupported } from '../request.ts';
import type { ServedModel } from '../served_model.ts';
import { predictorOf, type Service } from '../service.ts';

const INPUT = { name: 'text', datatype: 'BYTES', shape: [-1] } as const;

type Output = { datatype: string; of: (prediction: Prediction) => string | number };

const OUTPUTS: Record<string, Output> = {
  label: { datatype: 'BYTES', of: ({ label }) => label },
  probability: { datatype: 'FP64', of: ({ probability }) => probability },
  confidence: { datatype: 'FP64', of: ({ confidence }) => confidence },
};

const EXAMPLE = '{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["..."]}]}';

/** Model and version are percent-decoded. */
type Route = {
  what: 'server' | 'live' | 'ready' | 'metadata' | 'modelReady' | 'infer';
  model: string;
  version: string;
};

const PATH = /^\/v2(?:\/?|\/health\/(live|ready)|\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer)|\/?))$/;

/** Answers every path under /v2, and passes all others on. An error is {"error": "..."}, as the protocol has it. */
export function inference(service: Service): Middleware {
  return async (ctx, next) => {
    if (!/^\/v2(\/|$)/.test(ctx.path)) return next();
    try {
      await answer(service, ctx);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      ctx.status = error.status === 422 ? 400 : error.status;
      ctx.set(error.headers);
      ctx.body = { error: error.next === undefined ? error.message : `${error.message}; ${error.next}` };
    }
  };
}

async function answer(service: Service, ctx: Context): Promise<void> {
  const { state, config } = service;
  const { what, model, version } = routeOf(ctx);
  ctx.set('Cache-Control', 'no-store');
  if (what === 'live') ctx.body = { live: true };
  else if (what === 'ready') {
    ctx.status = state.phase === 'ready' ? 200 : 503;
    ctx.body = { ready: state.phase === 'ready' };
  } else if (what === 'server') {
    ctx.body = { name: 'sentiment', version: config.gitCommit || 'unknown', extensions: [] };
  } else {
    const served = known(predictorOf(state).served, model, version);
    if (what === 'modelReady') ctx.body = { name: served.name, ready: state.phase === 'ready' };
    else if (what === 'metadata') ctx.body = metadata(served);
    else ctx.body = await infer(service, ctx);
  }
}

/** Throws RequestError 404 or 405. */
function routeOf({ path, method }: Context): Route {
  const match = PATH.exec(path);
  const [, health, model, version = '', call] = match ?? [];
  const what = (health ??
    (model === undefined ? 'server' : call === 'ready' ? 'modelReady' : (call ?? 'metadata'))) as Route['what'];
  const names = [model ?? '', version].map(decoded);
  if (!match || names.includes(undefined))
    throw new RequestError(404, 'NOT_FOUND', `unknown path of the inference protocol`);
  const allow = what === 'infer' ? 'POST' : 'GET, HEAD';
  if (!allow.split(', ').includes(method)) {
    throw new RequestError(405, 'METHOD_NOT_ALLOWED', `this path supports only ${allow}`, {
      headers: { Allow: allow },
    });
  }
  return { what, model: names[0] as string, version: names[1] as string };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function known(served: ServedModel, model: string, version: string): ServedModel {
  if (model === served.name && (version === '' || version === served.version)) return served;
  throw new RequestError(
    404,
    'MODEL_UNKNOWN',
    `there is no such model here; this service has ${served.name}, version ${served.version}`,
  );
}

function metadata({ name, version }: ServedModel) {
  const outputs = Object.entries(OUTPUTS).map(([output, { datatype }]) => ({ name: output, datatype, shape: [-1] }));
  return { name, versions: [version], platform: 'sentiment-pipeline', inputs: [INPUT], outputs };
}

async function infer({ config, state, admission, access }: Service, ctx: Context) {
  access.check(ctx.req);
  const { headers } = ctx.req;
  const type = mediaType(headers['content-type']);
  if (headers['inference-header-content-length'] !== undefined) throw binary();
  if (type !== 'application/json' && !UNSAID.includes(type)) throw unsupported(type);
  const body = await readBody(ctx.req, config.maxBodyBytes, admission);
  const predictor = predictorOf(state);
  const { id, wanted, shape, predictions } = await admission.work(body.length, () => {
    const { id, inputs, outputs } = parseObject(body.text(), EXAMPLE);
    const { texts, shape } = readTexts(inputs);
    return { id, wanted: readOutputs(outputs), shape, predictions: predictor.predictAll(texts, 'data') };
  });
  const { name, version } = predictor.served;
  return {
    model_name: name,
    model_version: version,
    ...(typeof id === 'string' && { id }),
    outputs: wanted.map((output) => {
      const { datatype, of } = OUTPUTS[output];
      return { name: output, datatype, shape, data: predictions.map(of) };
    }),
  };
}

function binary(): RequestError {
  return new RequestError(400, 'BINARY_DATA', 'this service does not have the extension for binary tensors', {
    next: 'send and ask for JSON: binary_data=False in InferInput.set_data_from_numpy and InferRequestedOutput of tritonclient',
  });
}

/** One tensor of texts, flat or with a last dimension of 1. */
function readTexts(inputs: unknown): { texts: unknown[]; shape: number[] } {
  if (!Array.isArray(inputs) || inputs.length !== 1) throw invalid('"inputs" must be a list of one tensor');
  const { name, datatype, shape, data, parameters } = fieldsOf(inputs[0], '"inputs[0]"');
  if (name !== INPUT.name) throw invalid(`the input must be called "${INPUT.name}"`);
  if (datatype !== INPUT.datatype) throw invalid(`the datatype of "${INPUT.name}" must be ${INPUT.datatype}`);
  if (parameters !== undefined && 'binary_data_size' in fieldsOf(parameters, '"parameters"')) throw binary();
  if (!isShape(shape)) throw invalid('"shape" must be [n] or [n, 1], with the number of texts');
  if (!Array.isArray(data)) throw invalid('"data" must be a list of texts');
  const texts = shape.length === 2 ? data.flat() : data;
  if (texts.length !== shape[0]) throw invalid(`"shape" says ${shape[0]} texts, "data" has ${texts.length}`);
  return { texts, shape };
}

function isShape(shape: unknown): shape is number[] {
  if (!Array.isArray(shape) || !Number.isInteger(shape[0])) return false;
  return shape.length === 1 || (shape.length === 2 && shape[1] === 1);
}

/** Names of outputs; all of them, if the request does not choose. */
function readOutputs(outputs: unknown): string[] {
  if (outputs === undefined) return Object.keys(OUTPUTS);
  if (!Array.isArray(outputs)) throw invalid('"outputs" must be a list');
  return outputs.map((output: unknown) => {
    const { name, parameters } = fieldsOf(output, 'an element of "outputs"');
    if (typeof name !== 'string' || !Object.hasOwn(OUTPUTS, name)) {
      throw invalid(`an output is not one of ${Object.keys(OUTPUTS).join(', ')}`);
    }
    if (parameters !== undefined && fieldsOf(parameters, '"parameters"').binary_data === true) throw binary();
    return name;
  });
}

function fieldsOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`${what} must be an object`);
}

function invalid(message: string): RequestError {
  return new RequestError(400, 'INFERENCE_INVALID', message, { next: `send ${EXAMPLE}` });
}
