import type { Handler, Service } from '../service.ts';

/** 200 while predictions should be sent here, 503 while the model is loading and from the signal to stop on. */
export function readyz({ state }: Service): Handler {
  return (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.status = state.phase === 'ready' ? 200 : 503;
    ctx.body = { status: state.phase };
  };
}
