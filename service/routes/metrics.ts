import type { Handler, Service } from '../service.ts';

/** For Prometheus. */
export function metricsPage({ metrics }: Service): Handler {
  return async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Content-Type', metrics.contentType);
    ctx.body = await metrics.text();
  };
}
