import { openapiDocument } from '../openapi.ts';
import type { Handler, Service } from '../service.ts';

/** The description of this interface, with this service's own limits in it. */
export function openapi({ config }: Service): Handler {
  const json = JSON.stringify(openapiDocument(config), null, 2);
  return (ctx) => {
    ctx.type = 'json';
    ctx.body = json;
  };
}
