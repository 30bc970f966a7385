import type { Context } from 'koa';

/** Whether the client, by its Accept header, would rather have a page than JSON. Without a preference it gets JSON. */
export function prefersPage(ctx: Context): boolean {
  return ctx.accepts('json', 'html') === 'html';
}

/** The media type of the request's body, lower case and without parameters; '' when none is given. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
