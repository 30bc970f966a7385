import type { Explanation } from '../../ml/model/types.ts';
import { USUAL_CLASSES } from '../classes.ts';
import type { RequestError } from '../request.ts';
import type { ServedModel } from '../served_model.ts';
import { clientScript } from './client.ts';
import { documentPage, sentence } from './document.ts';
import { feedbackForm } from './feedback.ts';
import { Html, html, type Renderable } from './html.ts';
import { resultSection, verdictOf } from './result.ts';
import { type Answered, severalSection } from './several.ts';

/** For a model that carries no examples. Each is answered rightly by the model of params.yaml's defaults. */
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
  limits: { maxTextLength: number; maxBatchSize: number; maxBodyBytes: number };
  served: ServedModel | undefined;
  needsKey: boolean;
  /** Of POST /predict, as far as the service knows. */
  address: string;
  /** The request's id if feedback on its answer is wanted. */
  judged?: string | undefined;
  text?: string | undefined;
  /** A text per line was asked for. */
  isLines?: boolean | undefined;
  /** One of the three, if something was sent. */
  explanation?: Explanation | undefined;
  several?: readonly Answered[] | undefined;
  error?: RequestError | undefined;
};

/** The home page: the form, then the result, or what was wrong with the text. */
export function homePage(home: Home): string {
  const { limits, served, text = '', isLines = false, explanation, several, error, judged } = home;
  const classes = served?.model.classes ?? USUAL_CLASSES;
  const title = explanation
    ? `${verdictOf(explanation)} – Sentiment of a text`
    : several
      ? `${several.length} texts – Sentiment of a text`
      : 'Sentiment of a text';
  // Text that is too long to classify is too long to send back.
  const shown = text.length > limits.maxTextLength && !isLines ? '' : text;
  const main = html`${form(shown, isLines, error)}
${explanation && resultSection({ text, explanation, classes, address: home.address, needsKey: home.needsKey })}
${explanation && judged !== undefined && feedbackForm(text, explanation.label, classes, judged)}
${several && severalSection(several, classes)}
${fileForm(limits)}
${examples(served)}
<script>${new Html(clientScript)}</script>`;
  return documentPage({ title: error ? `Error – ${title}` : title, main, served });
}

function form(text: string, isLines: boolean, error: RequestError | undefined): Renderable {
  const invalid = error && html` aria-invalid="true" aria-describedby="problem" autofocus`;
  // HTML drops a line break right after the tag. With this one, the text's own first line break survives.
  return html`<form class="card" id="ask" method="post" action="predict#result">
${error && problem(error)}
<label for="text">Your text, in English</label>
<textarea id="text" name="text" rows="4" required${invalid}>
${text}</textarea>
<p class="row"><button type="submit" class="go">Analyze</button>
<span class="check"><input type="checkbox" id="lines" name="lines" value="1"${isLines && html` checked`}>
<label for="lines">Several texts, one per line</label></span></p>
</form>`;
}

function problem(error: RequestError): Renderable {
  const message = error.message
    .replace(/^"text"/, 'the text')
    .replace(/^"lines\[(\d+)\]"/, (_, index) => `line ${Number(index) + 1}`)
    .replace(/^"lines"/, 'the form');
  return html`<div class="alert" id="problem" role="alert"><p>${sentence(message)}</p>${
    error.next !== undefined && html`<p>${sentence(error.next)}</p>`
  }</div>`;
}

/** The script fills and shows it: without one, a file cannot be sent piece by piece. */
function fileForm({ maxBatchSize, maxBodyBytes, maxTextLength }: Home['limits']): Renderable {
  return html`<section class="card file" id="file" hidden data-texts="${maxBatchSize}" data-bytes="${maxBodyBytes}" data-length="${maxTextLength}" aria-labelledby="file-title">
<h2 id="file-title">Or a file of texts</h2>
<p class="note">A CSV or TSV table in UTF-8, or a text file with one text per line. Drop it here, or choose it. It is sent in pieces, answered, and kept nowhere.</p>
<p class="row"><label for="file-input">File</label> <input type="file" id="file-input" accept=".csv,.tsv,.txt,text/csv,text/plain"></p>
<p class="row" id="file-ready" hidden><label for="file-column">Column with the text</label> <select id="file-column"></select>
<button type="button" class="go" id="file-go">Analyze the file</button></p>
<p class="row" id="file-busy" hidden><progress id="file-progress" max="1" value="0" aria-label="Share of the file that is answered"></progress>
<button type="button" id="file-stop">Stop</button></p>
<p class="note" id="file-said" role="status"></p>
<p id="file-done" hidden><a id="file-link">Download the answers</a></p>
</section>`;
}

/** The model's own held-out texts if it carries some, else ours: those of the kinds that it has learnt from, or all. */
function examples(served: ServedModel | undefined): Renderable {
  const { domains = {}, card } = served?.model.facts ?? {};
  const fitting = EXAMPLES.filter(({ domain }) => Object.hasOwn(domains, domain));
  const own = card?.examples ?? [];
  const shown = own.length > 0 ? own : fitting.length > 0 ? fitting : EXAMPLES;
  return html`<form class="examples" method="post" action="predict#result">
<h2 id="examples">Or try one of these${own.length > 0 && ', which the model has not learnt from'}</h2>
<ul aria-labelledby="examples">
${shown.map(({ text }) => html`<li><button type="submit" name="text" value="${text}">${text}</button></li>\n`)}</ul>
</form>`;
}
