/** Feedback on the page: the buttons under a result, and the page that says thank you. */
import type { ServedModel } from '../served_model.ts';
import { documentPage } from './document.ts';
import { html, type Renderable } from './html.ts';

/** `label` is the model's answer to `text`, one of `classes`; `requestId` names the request that brought it. */
export function feedbackForm(text: string, label: string, classes: readonly string[], requestId: string): Renderable {
  const others = classes.filter((each) => each !== label);
  return html`<form class="card feedback" method="post" action="feedback" aria-labelledby="judge">
<h2 id="judge">Is this right?</h2>
<input type="hidden" name="text" value="${text}">
<input type="hidden" name="request_id" value="${requestId}">
<p><button type="submit" name="label" value="${label}">Right: ${label}</button>
${others.map((other) => html`<button type="submit" name="label" value="${other}">Wrong: it is ${other}</button>\n`)}</p>
<p class="note">Your judgement is stored together with the text, to train and test later models.</p>
</form>`;
}

export function thanksPage(served: ServedModel): string {
  const main = html`<section class="card" role="status">
<h2>Thank you</h2>
<p class="note">Your judgement is stored.</p>
<p class="note"><a href="./">Try another text</a></p>
</section>`;
  return documentPage({ title: 'Thank you – Sentiment of a text', main, served });
}
