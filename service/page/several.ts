/** The answers to several texts on the page: a line about all, then a table. */
import { knownShareOf } from '../../ml/model/decision.ts';
import type { Prediction } from '../../ml/model/types.ts';
import { html, type Renderable } from './html.ts';
import { LONGEST_LINK, markOf, percentOf, toneOf } from './result.ts';

export type Answered = { text: string; prediction: Prediction };

export function severalSection(answered: readonly Answered[], classes: readonly string[]): Renderable {
  const counts = classes.map((label, k) => {
    const count = answered.filter(({ prediction }) => prediction.class === k && !prediction.abstains).length;
    return `${count} ${label}`;
  });
  const unanswered = answered.filter(({ prediction }) => prediction.abstains).length;
  if (unanswered > 0) counts.push(`${unanswered} without an answer`);
  return html`<section class="card result" id="result" tabindex="-1" aria-labelledby="verdict">
<h2 id="verdict">${answered.length} texts: ${counts.join(', ')}</h2>
<table class="several">
<thead><tr><th scope="col">Text</th><th scope="col">Answer</th><th scope="col" class="number">Confidence</th><th scope="col" class="number">Known words</th></tr></thead>
<tbody>${answered.map((one) => row(one, classes))}</tbody>
</table>
</section>`;
}

function row({ text, prediction }: Answered, classes: readonly string[]): Renderable {
  const { label, abstains, confidence } = prediction;
  const shown = text.length > 300 ? `${text.slice(0, 300)} …` : text;
  const why = `./?text=${encodeURIComponent(text.toWellFormed())}#result`;
  const answer = abstains ? 'no answer' : label;
  return html`
<tr><th scope="row">${text.length <= LONGEST_LINK ? html`<a href="${why}" title="Why?">${shown}</a>` : shown}</th><td class="${toneOf(prediction, classes)}"><span aria-hidden="true">${markOf(prediction, classes)}</span> ${answer}</td><td class="number">${percentOf(confidence)}</td><td class="number">${Math.round(100 * knownShareOf(prediction))} %</td></tr>`;
}
