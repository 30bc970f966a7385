import type { RequestError } from '../request_error.ts';
import { documentPage } from './document.ts';
import { html } from './html.ts';

/** For a person who came to an address or asked in a way that has no answer. */
export function errorPage(error: RequestError): string {
  const main = html`<section class="card">
<h2>${error.status === 404 ? 'There is no such page' : 'That did not work'}</h2>
<p class="note">${sentence(error.message)}${error.next !== undefined && ` ${sentence(error.next)}`}</p>
<p class="note"><a href="/">Back to the page</a></p>
</section>`;
  return documentPage({ title: `${error.status}: ${error.message}`, main });
}

/** Messages are written to stand after a code; here they stand alone. */
export function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
