/** The answer on the page: label, confidence, the text with the deciding words marked, and a table of them. */
import type { Explanation } from '../../ml/model/types.ts';
import { SENTIMENTS } from '../predict.ts';
import { highlight, type Mover, movers, type Segment } from './highlight.ts';
import { html, type Renderable } from './html.ts';

const TABLE_ROWS = 8;
// Below this share of known words the page says so.
const ENOUGH_KNOWN = 0.5;

export function resultSection(text: string, explanation: Explanation): Renderable {
  const { label, probability, confidence, words, knownShare } = explanation;
  const top = movers(words, TABLE_ROWS);
  // Focus goes to the result, so that a screen reader starts there after the page has been sent again.
  return html`<section class="card result ${label}" id="result" tabindex="-1" autofocus aria-labelledby="verdict">
<div class="verdict">
<h2 id="verdict"><span aria-hidden="true">${label === 'positive' ? '▲' : '▼'}</span> ${SENTIMENTS[label]}</h2>
<p>Confidence <strong>${percent(confidence)}</strong></p>
</div>
${scale(probability)}
${
  knownShare < ENOUGH_KNOWN &&
  html`<p class="note">The model knows only ${Math.round(100 * knownShare)} % of these words: take its answer with care.</p>`
}
<h3 class="why">What decided</h3>
<p class="marked">${highlight(text, words).map(segment)}</p>
<p class="note"><mark class="p2">Straight</mark> lines speak for positive, <mark class="n2">wavy</mark> ones for negative; the thicker, the more.</p>
${top.length > 0 && table(top)}
</section>`;
}

/** Neither certainty nor the other label is ever claimed by rounding. */
function percent(confidence: number): string {
  return confidence > 0.995 ? 'over 99 %' : `${Math.floor(100 * confidence + 1e-9)} %`;
}

/** A bar from the middle to the side that won. */
function scale(probability: number): Renderable {
  const at = 100 * probability;
  const from = Math.min(at, 50).toFixed(2);
  const width = Math.abs(at - 50).toFixed(2);
  return html`<svg class="scale" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
<rect class="track" width="100" height="4"/><rect class="part" x="${from}" width="${width}" height="4"/>
<rect class="middle" x="49.8" width="0.4" height="4"/></svg>
<div class="ends" aria-hidden="true"><span>negative</span><span>positive</span></div>`;
}

function segment({ text, level, contribution }: Segment): Renderable {
  if (level === 0) return text;
  const side = contribution > 0 ? 'positive' : 'negative';
  const spoken = level > 1 && html`<span class="unseen"> (${side})</span>`;
  return html`<mark class="${side.charAt(0)}${level}" title="${side}, ${signed(contribution)}">${text}${spoken}</mark>`;
}

function table(top: readonly Mover[]): Renderable {
  const most = Math.abs(top[0].contribution);
  return html`<table>
<caption>Words that moved it most <span>(in log-odds)</span></caption>
<thead><tr><th scope="col">Word</th><th scope="col">Towards</th><th scope="col" class="bars"><span class="unseen">Size</span></th><th scope="col" class="number">By</th></tr></thead>
<tbody>${top.map((mover) => row(mover, most))}</tbody>
</table>`;
}

function row({ word, contribution }: Mover, most: number): Renderable {
  const up = contribution > 0;
  const width = ((50 * Math.abs(contribution)) / most).toFixed(2);
  const from = up ? '50' : (50 - Number(width)).toFixed(2);
  const side = up ? 'up' : 'down';
  return html`
<tr><th scope="row">${word}</th><td class="${side}"><span aria-hidden="true">${up ? '▲' : '▼'}</span> ${up ? 'positive' : 'negative'}</td><td class="bars"><svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="axis" x="49.8" width="0.4" height="4"/><rect class="${side}" x="${from}" width="${width}" height="4"/></svg></td><td class="number">${signed(contribution)}</td></tr>`;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(2)}`;
}
