/** What every page shares: head, style, heading, footer, and the headers that forbid it to load anything. */
import { createHash } from 'node:crypto';
import { dataSource, type ServedModel } from '../served_model.ts';
import { Html, html, type Renderable } from './html.ts';
import { style } from './style.ts';

const styleHash = createHash('sha256').update(style).digest('base64');

const icon =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0a6a6a" d="M8 1l6 7H2z"/>' +
      '<path fill="#a2400c" d="M8 15L2 9h12z"/></svg>',
  );

export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; ` +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

export type Document = { title: string; main: Html; served?: ServedModel };

export function documentPage({ title, main, served }: Document): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${icon}">
<style>${new Html(style)}</style>
</head>
<body>
<div class="page">
<header>
<h1><a href="/">Sentiment of a text</a></h1>
<p class="lead">Positive or negative, how sure, and which words decided.</p>
</header>
<main>${main}</main>
<footer>
${modelLines(served)}
<ul>
<li><a href="/openapi.json">Interface</a></li>
<li><a href="/version">Version</a></li>
<li><a href="/metrics">Metrics</a></li>
</ul>
</footer>
</div>
</body>
</html>
`.source;
}

function modelLines(served: ServedModel | undefined): Renderable {
  if (!served) return html`<p>The model is being loaded.</p>`;
  const { trainingTexts, metrics } = served.model.facts;
  const accuracy = metrics?.accuracy;
  return [
    html`<p>Model ${served.name}, version ${served.version}${
      accuracy !== undefined && `, right on ${(100 * accuracy).toFixed(1)} % of held-out texts`
    }. It learnt from ${trainingTexts.toLocaleString('en')} texts (${dataSource(served)}); other kinds of text it may judge less well.</p>`,
    served.source === 'cache' &&
      html`<p>The model registry was away when this service started: this is the copy it kept.</p>`,
  ];
}
