import type { RequestError } from '../request.ts';
import { documentPage, sentence } from './document.ts';
import { html } from './html.ts';

/** What is the case, by status. */
const HEADINGS: Record<number, string> = {
  400: 'The request cannot be read',
  401: 'An API key is needed',
  404: 'Page not found',
  405: 'This address takes other requests',
  413: 'That is too much at once',
  415: 'This kind of content is not supported',
  422: 'The request cannot be answered as it is',
  429: 'Too many requests',
  500: 'The service failed',
  503: 'The service cannot answer now',
};

/** For a person who opened an unknown path or sent a request that failed. `root` is the way to the home page. */
export function errorPage(error: RequestError, requestId: string, root: string): string {
  const heading = HEADINGS[error.status] ?? 'The request failed';
  const main = html`<section class="card">
<h2>${heading}</h2>
<p class="note">${sentence(error.message)}${error.next !== undefined && ` ${sentence(error.next)}`}</p>
${error.status >= 500 && html`<p class="note">The request was ${requestId}.</p>`}
<p class="note"><a href="${root}">Back to the page</a></p>
</section>`;
  return documentPage({ title: `${heading} – Sentiment of a text`, main, root });
}
