/**
 * GET /docs: the API description in Swagger UI, served from here alone. Its two files come from the npm package, or in the
 * bundle from the folder that scripts/bundle.ts puts beside it.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Middleware } from 'koa';
import { VIEWER_FOLDER, viewerPage } from '../page/viewer.ts';
import { overloaded, RequestError } from '../request.ts';
import type { Service } from '../service.ts';

const START = `SwaggerUIBundle({ url: '../openapi.json', dom_id: '#viewer', validatorUrl: null, supportedSubmitMethods: ['get', 'post'] });\n`;

const FILES: Record<string, { name: string; type: string }> = {
  'viewer.js': { name: 'swagger-ui-bundle.js', type: 'text/javascript; charset=utf-8' },
  'viewer.css': { name: 'swagger-ui.css', type: 'text/css; charset=utf-8' },
};

/** Answers GET /docs/ and the files below it, and passes all others on. */
export function docs({ admission }: Service): Middleware {
  return async (ctx, next) => {
    if (!['GET', 'HEAD'].includes(ctx.method) || !/^\/docs(\/|$)/.test(ctx.path)) return next();
    const name = ctx.path.slice('/docs/'.length);
    if (ctx.path === '/docs') {
      ctx.status = 308;
      // Relative, so that it holds under any prefix.
      ctx.set('Location', 'docs/');
    } else if (name === '') viewerPage(ctx);
    else if (name === 'start.js') {
      ctx.type = 'text/javascript; charset=utf-8';
      ctx.body = START;
    } else if (Object.hasOwn(FILES, name)) {
      const path = await pathOf(FILES[name].name);
      const { size } = await stat(path);
      if (!admission.send(ctx.res, size)) throw overloaded('too many answers wait for their readers');
      ctx.set('Cache-Control', 'max-age=3600');
      ctx.type = FILES[name].type;
      ctx.length = size;
      ctx.body = createReadStream(path);
    } else return next();
  };
}

async function pathOf(name: string): Promise<string> {
  const bundled = join(import.meta.dirname, VIEWER_FOLDER, name);
  try {
    await stat(bundled);
    return bundled;
  } catch {
    try {
      return createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`);
    } catch (cause) {
      throw new RequestError(404, 'NO_VIEWER', 'the viewer is not installed here', {
        next: 'read the description at /openapi.json',
        cause,
      });
    }
  }
}
