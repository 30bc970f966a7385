/**
 * The service as a Koa application: middleware in the order in which it runs, and the table of routes.
 *
 *     observe -> router -> inference protocol -> API viewer -> not found
 */
import { Router } from '@koa/router';
import Koa, { type Middleware } from 'koa';
import type { Path } from './labels.ts';
import { observe } from './observe.ts';
import { RequestError } from './request.ts';
import { docs } from './routes/docs.ts';
import { feedback } from './routes/feedback.ts';
import { inference } from './routes/inference.ts';
import { page } from './routes/page.ts';
import { predict } from './routes/predict.ts';
import { healthz, metricsElsewhere, metricsPage, modelCard, openapi, readyz, version } from './routes/status.ts';
import type { Handler, Service } from './service.ts';

type Route = { method: 'GET' | 'POST'; handler: Handler };

export function createApp(service: Service): Koa {
  const viewer = docs(service);
  const routes: Record<Path, Route> = {
    '/': { method: 'GET', handler: page(service) },
    '/predict': { method: 'POST', handler: predict(service) },
    '/feedback': { method: 'POST', handler: feedback(service) },
    '/model': { method: 'GET', handler: modelCard(service) },
    '/docs': { method: 'GET', handler: (ctx) => viewer(ctx, async () => {}) },
    '/metrics': {
      method: 'GET',
      handler: service.config.metricsPort > 0 ? metricsElsewhere(service) : metricsPage(service),
    },
    '/healthz': { method: 'GET', handler: healthz },
    '/readyz': { method: 'GET', handler: readyz(service) },
    '/version': { method: 'GET', handler: version(service) },
    '/openapi.json': { method: 'GET', handler: openapi(service) },
  };
  const app = new Koa();
  app.on('error', (error: Error) => service.log.warn('cannot send an answer', { error: error.message }));
  app.use(observe(service));
  app.use(router(routes));
  app.use(inference(service));
  app.use(viewer);
  app.use(notFound(new Map(Object.entries(routes))));
  return app;
}

function router(routes: Record<Path, Route>) {
  const table = new Router({ sensitive: true, strict: true });
  for (const [path, { method, handler }] of Object.entries(routes)) {
    table.register(path, method === 'GET' ? ['HEAD', 'GET'] : [method], handler);
  }
  return table.routes();
}

/** 404 for an unknown path, 405 for an unsupported method, 204 with the supported methods for OPTIONS. */
function notFound(routes: ReadonlyMap<string, Route>): Middleware {
  return (ctx) => {
    const route = routes.get(ctx.path);
    if (!route) {
      throw new RequestError(404, 'NOT_FOUND', 'unknown path', {
        next: 'the page is at /, the API description at /openapi.json',
      });
    }
    const allow = route.method === 'GET' ? 'GET, HEAD, OPTIONS' : `${route.method}, OPTIONS`;
    ctx.set('Allow', allow);
    if (ctx.method === 'OPTIONS') {
      ctx.status = 204;
      return;
    }
    throw new RequestError(405, 'METHOD_NOT_ALLOWED', `${ctx.path} supports only ${allow}`, {
      headers: { Allow: allow },
    });
  };
}
