import type { Explanation } from '../../ml/model/types.ts';
import { USUAL_CLASSES } from '../predict.ts';
import type { RequestError } from '../request.ts';
import type { ServedModel } from '../served_model.ts';
import { documentPage, sentence } from './document.ts';
import { feedbackForm } from './feedback.ts';
import { html, type Renderable } from './html.ts';
import { resultSection, verdictOf } from './result.ts';

/** Each is answered rightly by the model of params.yaml's defaults; tests/general_model.test.ts asks it. */
export const EXAMPLES: readonly { domain: string; label: 'negative' | 'positive'; text: string }[] = [
  {
    domain: 'movies',
    label: 'positive',
    text: 'Warm, funny and beautifully acted from the first minute to the last.',
  },
  {
    domain: 'movies',
    label: 'negative',
    text: 'A dull script, wooden acting and two hours that I will never get back.',
  },
  { domain: 'amazon', label: 'negative', text: 'Do not buy this phone: the battery dies by noon.' },
  { domain: 'tweets', label: 'positive', text: 'so happy right now, best day ever :)' },
  { domain: 'nyt', label: 'negative', text: 'The reform is a disaster for the schools that need help most.' },
  { domain: 'amazon', label: 'positive', text: 'I expected nothing, and it was not bad at all.' },
];

export type Home = {
  maxTextLength: number;
  served: ServedModel | undefined;
  text?: string;
  /** One of the two, if a text was sent. */
  explanation?: Explanation;
  error?: RequestError;
  /** The request's id if feedback on its answer is wanted. */
  judged?: string;
};

/** The home page: the form, then the result, or what was wrong with the text. */
export function homePage({ maxTextLength, served, text = '', explanation, error, judged }: Home): string {
  const classes = served?.model.classes ?? USUAL_CLASSES;
  const title = explanation ? `${verdictOf(explanation)} – Sentiment of a text` : 'Sentiment of a text';
  // A text that is too long to classify is too long to send back.
  const shown = text.length > maxTextLength ? '' : text;
  const main = html`${form(shown, error)}
${explanation && resultSection(text, explanation, classes)}
${explanation && judged !== undefined && feedbackForm(text, explanation.label, classes, judged)}
${examples(served)}`;
  return documentPage({ title: error ? `Error – ${title}` : title, main, served });
}

function form(text: string, error: RequestError | undefined): Renderable {
  const invalid = error && html` aria-invalid="true" aria-describedby="problem" autofocus`;
  // HTML drops a line break right after the tag. With this one, the text's own first line break survives.
  return html`<form class="card" method="post" action="/predict#result">
${error && problem(error)}
<label for="text">Your text, in English</label>
<textarea id="text" name="text" rows="4" required${invalid}>
${text}</textarea>
<button class="go">Analyse</button>
</form>`;
}

function problem(error: RequestError): Renderable {
  return html`<div class="alert" id="problem" role="alert"><p>${sentence(error.message.replace(/^"text"/, 'the text'))}</p>${
    error.next !== undefined && html`<p>${sentence(error.next)}</p>`
  }</div>`;
}

/** Those of the kinds of text that the model has learnt from, or all. */
function examples(served: ServedModel | undefined): Renderable {
  const { domains = {} } = served?.model.facts ?? {};
  const own = EXAMPLES.filter(({ domain }) => Object.hasOwn(domains, domain));
  return html`<form class="examples" method="post" action="/predict#result">
<h2 id="examples">Or try one of these</h2>
<ul aria-labelledby="examples">
${(own.length > 0 ? own : EXAMPLES).map(({ text }) => html`<li><button name="text" value="${text}">${text}</button></li>\n`)}</ul>
</form>`;
}
