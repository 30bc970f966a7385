/** What all pages share: head, style, heading, footer, and the headers that forbid loading anything else. */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { namesOf, USUAL_CLASSES } from '../classes.ts';
import { dataSource, type ServedModel } from '../served_model.ts';
import { clientScript } from './client.ts';
import { Html, html, type Renderable } from './html.ts';
import { style } from './style.ts';

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const NOTHING = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const OWN_STYLE = `style-src ${hashOf(style)}; img-src data:`;

/** What a page may load. Only the home page has a script, which is in the page and may ask this service; the viewer has files. */
const POLICIES = {
  plain: `default-src 'none'; ${OWN_STYLE}; ${NOTHING}`,
  home: `default-src 'none'; ${OWN_STYLE}; script-src ${hashOf(clientScript)}; connect-src 'self'; ${NOTHING}`,
  viewer: `default-src 'none'; style-src 'self' ${hashOf(style)}; img-src 'self' data:; script-src 'self'; connect-src 'self'; ${NOTHING}`,
};

export function sendPage(ctx: Context, page: string, kind: keyof typeof POLICIES = 'plain'): void {
  ctx.set({
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': POLICIES[kind],
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  ctx.body = page;
}

const icon =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0a6a6a" d="M8 1l6 7H2z"/>' +
      '<path fill="#a2400c" d="M8 15L2 9h12z"/></svg>',
  );

export type Document = {
  title: string;
  main: Html;
  served?: ServedModel | undefined;
  /** The way from this page to the home page; all links are relative, so that they hold under any prefix. */
  root?: string;
  /** More for the head. */
  head?: Html;
  wide?: boolean;
};

export function documentPage({ title, main, served, root = './', head, wide = false }: Document): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${icon}">
<style>${new Html(style)}</style>
${head}
</head>
<body>
<div class="${wide ? 'page wide' : 'page'}">
<header>
<h1><a href="${root}">Sentiment of a text</a></h1>
<p class="lead">${leadOf(served)}, with what confidence, and because of which words.</p>
</header>
<main>${main}</main>
<footer>
${modelLines(served)}
<ul>
<li><a href="${root}model">Model card</a></li>
<li><a href="${root}docs/">API</a></li>
<li><a href="${root}version">Version</a></li>
<li><a href="${root}metrics">Metrics</a></li>
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

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** What people call the texts of the embedded corpora. */
const KINDS: Record<string, string> = {
  movies: 'film reviews',
  amazon: 'product reviews',
  tweets: 'tweets',
  nyt: 'news opinions',
};

export function kindOf(domain: string): string {
  return Object.hasOwn(KINDS, domain) ? KINDS[domain] : domain;
}

function listed(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Turns an error message, which starts in lower case and has no full stop, into a sentence. */
export function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
