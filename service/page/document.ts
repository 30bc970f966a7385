/** What all pages share: head, style, heading, footer, the headers that forbid loading anything, and the error page. */
import { createHash } from 'node:crypto';
import { namesOf, USUAL_CLASSES } from '../predict.ts';
import type { RequestError } from '../request.ts';
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
<p class="lead">${leadOf(served)}, with what confidence, and because of which words.</p>
</header>
<main>${main}</main>
<footer>
${modelLines(served)}
<ul>
<li><a href="/openapi.json">API description</a></li>
<li><a href="/version">Version</a></li>
<li><a href="/metrics">Metrics</a></li>
</ul>
</footer>
</div>
</body>
</html>
`.source;
}

/** "Positive or negative": the classes of the model, the last first. */
function leadOf(served: ServedModel | undefined): string {
  const names = namesOf(served?.model.classes ?? USUAL_CLASSES);
  return names.charAt(0).toUpperCase() + names.slice(1);
}

function modelLines(served: ServedModel | undefined): Renderable {
  if (!served) return html`<p>The model is being loaded.</p>`;
  const { trainingTexts, domains = {}, metrics = {} } = served.model.facts;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const kinds = Object.keys(domains).sort((a, b) => domains[b] - domains[a]);
  const byKind = kinds
    .filter((domain) => metrics[`accuracy_${domain}`] !== undefined)
    .map((domain) => `${kindOf(domain)} ${percent(metrics[`accuracy_${domain}`])}`);
  const count = trainingTexts.toLocaleString('en');
  const learnt = kinds.every((domain) => Object.hasOwn(KINDS, domain)) && kinds.length > 0;
  return [
    html`<p>Model ${served.name}, version ${served.version}${
      metrics.accuracy !== undefined && `, accuracy ${percent(metrics.accuracy)} on held-out texts`
    }${byKind.length > 0 && ` (${byKind.join(', ')})`}. It was trained on ${
      learnt ? `${count} ${listed(kinds.map(kindOf))}` : `${count} texts (${dataSource(served)})`
    } and may do worse on other kinds of text.</p>`,
    served.source === 'cache' &&
      html`<p>The model registry was unreachable when this service started, so it uses its cached copy.</p>`,
  ];
}

/** What people call the texts of the embedded corpora. */
const KINDS: Record<string, string> = {
  movies: 'film reviews',
  amazon: 'product reviews',
  tweets: 'tweets',
  nyt: 'news opinions',
};

function kindOf(domain: string): string {
  return Object.hasOwn(KINDS, domain) ? KINDS[domain] : domain;
}

function listed(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** For a person who opened an unknown path or sent a request that failed. */
export function errorPage(error: RequestError): string {
  const main = html`<section class="card">
<h2>${error.status === 404 ? 'Page not found' : 'Something went wrong'}</h2>
<p class="note">${sentence(error.message)}${error.next !== undefined && ` ${sentence(error.next)}`}</p>
<p class="note"><a href="/">Back to the page</a></p>
</section>`;
  return documentPage({ title: `${error.status}: ${error.message}`, main });
}

/** Turns an error message, which starts in lower case and has no full stop, into a sentence. */
export function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
