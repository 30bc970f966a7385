/** What routes and middleware work with: settings, state, metrics, log. */
import type { Context } from 'koa';
import type { Access } from './access.ts';
import type { Admission } from './admission.ts';
import type { ServiceConfig } from './config.ts';
import type { Feedback } from './feedback/feedback.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Predictor } from './predict.ts';
import { RequestError } from './request.ts';

export type Service = {
  config: ServiceConfig;
  state: ServiceState;
  metrics: Metrics;
  log: Log;
  admission: Admission;
  access: Access;
  /** Undefined if it is off. */
  feedback?: Feedback | undefined;
};

export type Handler = (ctx: Context) => void | Promise<void>;

/** `loading` until the model is loaded, `draining` from the stop signal to the end. */
export type Phase = 'loading' | 'ready' | 'draining';

/** What changes while the service runs. Only server.ts writes it. */
export type ServiceState = { phase: Phase; predictor: Predictor | undefined };

/** Throws RequestError 503 while the model is being loaded. */
export function predictorOf(state: ServiceState): Predictor {
  if (state.predictor) return state.predictor;
  throw new RequestError(503, 'MODEL_LOADING', 'the model is still being loaded', {
    next: 'try again in a moment; /readyz answers 200 when the model is ready',
    headers: { 'Retry-After': '1' },
  });
}
