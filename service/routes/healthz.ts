import type { Handler } from '../service.ts';

/** The process is alive and answers. Says nothing about the model: a restart would not help there. */
export const healthz: Handler = (ctx) => {
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { status: 'alive' };
};
