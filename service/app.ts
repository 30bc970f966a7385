/**
 * The service as a Koa application: middleware in the order in which it runs, and the table of routes.
 *
 *     observe -> POST /predict -> router -> not found
 */
import { Router } from '@koa/router';
import Koa, { type Middleware } from 'koa';
import type { Path } from './endpoints.ts';
import { observe } from './middleware/observe.ts';
import { RequestError } from './request_error.ts';
import { healthz } from './routes/healthz.ts';
import { metricsPage } from './routes/metrics.ts';
import { openapi } from './routes/openapi.ts';
import { page } from './routes/page.ts';
import { predict } from './routes/predict.ts';
import { readyz } from './routes/readyz.ts';
import { version } from './routes/version.ts';
import type { Handler, Service } from './service.ts';

type Route = { method: 'GET' | 'POST'; handler: Handler };

export function createApp(service: Service): Koa {
  const routes: Record<Path, Route> = {
    '/': { method: 'GET', handler: page(service) },
    '/predict': { method: 'POST', handler: predict(service) },
    '/metrics': { method: 'GET', handler: metricsPage(service) },
    '/healthz': { method: 'GET', handler: healthz },
    '/readyz': { method: 'GET', handler: readyz(service) },
    '/version': { method: 'GET', handler: version(service) },
    '/openapi.json': { method: 'GET', handler: openapi(service) },
  };
  const app = new Koa();
  app.on('error', (error: Error) => service.log.warn('answer not delivered', { error: error.message }));
  app.use(observe(service));
  app.use(straight('/predict', routes['/predict']));
  app.use(router(routes));
  app.use(notFound(new Map(Object.entries(routes))));
  return app;
}

/** The one route with a load goes past the router, which costs as much as the rest of Koa. */
function straight(path: Path, { method, handler }: Route): Middleware {
  return (ctx, next) => (ctx.req.url === path && ctx.req.method === method ? handler(ctx) : next());
}

function router(routes: Record<Path, Route>) {
  const table = new Router({ sensitive: true, strict: true });
  for (const [path, { method, handler }] of Object.entries(routes)) {
    table.register(path, method === 'GET' ? ['HEAD', 'GET'] : [method], handler);
  }
  return table.routes();
}

/** 404 for an address that is none, 405 for a method that it does not take, 204 with the methods for OPTIONS. */
function notFound(routes: ReadonlyMap<string, Route>): Middleware {
  return (ctx) => {
    const route = routes.get(ctx.path);
    if (!route) {
      throw new RequestError(404, 'NOT_FOUND', 'there is nothing at this address', {
        next: 'the page is at /, the interface is described at /openapi.json',
      });
    }
    const allow = route.method === 'GET' ? 'GET, HEAD, OPTIONS' : `${route.method}, OPTIONS`;
    ctx.set('Allow', allow);
    if (ctx.method === 'OPTIONS') {
      ctx.status = 204;
      return;
    }
    throw new RequestError(405, 'METHOD_NOT_ALLOWED', `${ctx.path} takes ${allow}`, { headers: { Allow: allow } });
  };
}
