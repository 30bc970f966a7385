import type { Predictor } from './predict.ts';
import { RequestError } from './request_error.ts';

/** `loading` until the model is there, `draining` from the signal to the end. */
export type Phase = 'loading' | 'ready' | 'draining';

/** What changes while the service runs. One owner writes it: server.ts. */
export type ServiceState = { phase: Phase; predictor: Predictor | undefined };

/** Throws 503 while the model is being brought. */
export function predictorOf(state: ServiceState): Predictor {
  if (state.predictor) return state.predictor;
  throw new RequestError(503, 'MODEL_LOADING', 'the model is still being loaded', {
    next: 'try again in a moment; /readyz says when',
    headers: { 'Retry-After': '1' },
  });
}
