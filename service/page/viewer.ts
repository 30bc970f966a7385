import type { Context } from 'koa';
import { documentPage, sendPage } from './document.ts';
import { html } from './html.ts';

/** Where the bundle has the viewer's files. */
export const VIEWER_FOLDER = 'swagger-ui';

/** The page around Swagger UI. It needs JavaScript; without it, the description itself is a link away. */
export function viewerPage(ctx: Context): void {
  const main = html`<div id="viewer"><p class="note">The viewer needs JavaScript. The description itself is
<a href="../openapi.json">openapi.json</a>.</p></div>`;
  const head = html`<link rel="stylesheet" href="viewer.css">
<script src="viewer.js" defer></script>
<script src="start.js" defer></script>`;
  sendPage(ctx, documentPage({ title: 'API – Sentiment of a text', main, root: '../', head, wide: true }), 'viewer');
}
