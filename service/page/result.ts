/** The result on the page: label, confidence, the text with the decisive words marked, and a table of them. */
import { ENOUGH_KNOWN } from '../../ml/model/decision.ts';
import type { Explanation, Prediction, WordContribution } from '../../ml/model/types.ts';
import { sentimentOf } from '../classes.ts';
import { html, type Renderable } from './html.ts';

const TABLE_ROWS = 8;
/** Longer texts make no link: proxies refuse long addresses. UTF-16 units. */
export const LONGEST_LINK = 1500;

export type Result = {
  text: string;
  explanation: Explanation;
  classes: readonly string[];
  /** Of POST /predict. */
  address: string;
  needsKey: boolean;
};

export function resultSection({ text, explanation, classes, address, needsKey }: Result): Renderable {
  const { label, abstains, probability, confidence, words, knownShare, towards } = explanation;
  const sides = classes.length === 2 ? { up: classes[1], down: classes[0] } : sidesOf(classes[towards]);
  // The form's address ends in #result, so the result takes the focus and a screen reader starts there. With autofocus as
  // well, the two would race.
  return html`<section class="card result ${toneOf(explanation, classes)}" id="result" tabindex="-1" aria-labelledby="verdict">
<div class="verdict">
<h2 id="verdict"><span aria-hidden="true">${markOf(explanation, classes)}</span> ${verdictOf(explanation)}</h2>
${abstains ? html`<p>Best guess: ${label}, ${percentOf(confidence)}</p>` : html`<p>Confidence <strong>${percentOf(confidence)}</strong></p>`}
</div>
${classes.length === 2 ? scale(probability, sides) : shares(explanation.probabilities, classes)}
<p class="note">The model knows ${knownShare < ENOUGH_KNOWN && 'only '}${Math.round(100 * knownShare)} % of these words${
    knownShare < ENOUGH_KNOWN && ', so the result may be unreliable'
  }.</p>
<h3 class="why">Why</h3>
${classes.length > 2 && whichClass(classes, towards)}
<p class="marked">${highlight(text, words).map((part) => segment(part, sides))}</p>
<p class="note"><mark class="p2">Straight</mark> underlines count ${classes.length === 2 && 'towards '}${sides.up}, <mark class="n2">wavy</mark> ones ${classes.length === 2 && 'towards '}${sides.down}; thicker means stronger.</p>
${table(explanation, sides)}
${share(text, address, needsKey)}
</section>`;
}

/** Buttons that ask again, about the form's text, to explain another class. */
function whichClass(classes: readonly string[], towards: number): Renderable {
  return html`<p class="row" role="group" aria-label="Class to explain">${classes.map(
    (name, k) =>
      html`<button type="submit" form="ask" name="towards" value="${name}"${k === towards && html` aria-pressed="true"`}>${name}</button> `,
  )}</p>`;
}

/** A link that carries the text, and the same question as a command. */
function share(text: string, address: string, needsKey: boolean): Renderable {
  // JSON of a lone surrogate is an escape; in an address there is no such thing.
  const body = JSON.stringify({ text }).replaceAll("'", String.raw`\u0027`);
  const key = needsKey && ` -H 'Authorization: Bearer KEY'`;
  return html`<details class="share">
<summary>Share, or ask from a program</summary>
${text.length <= LONGEST_LINK && html`<p><a id="link" href="./?text=${encodeURIComponent(text.toWellFormed())}#result">Link to this result</a> <button type="button" data-copy="link" hidden>Copy the link</button></p>`}
<pre tabindex="0" aria-label="As a command"><code id="curl">curl${key} -d '${body}' <span id="address">${address}</span></code></pre>
<p><button type="button" data-copy="curl" hidden>Copy as curl</button> <span role="status" id="copied"></span></p>
</details>`;
}

type Judged = Pick<Prediction, 'label' | 'abstains'>;

/** Positive and negative have each a shape and a colour of their own. */
export function toneOf({ label, abstains }: Judged, classes: readonly string[]): 'positive' | 'middle' | 'negative' {
  if (abstains || isMiddle(label, classes)) return 'middle';
  return label === classes[0] ? 'negative' : 'positive';
}

export function markOf({ label, abstains }: Judged, classes: readonly string[]): string {
  if (abstains) return '○';
  if (classes.length > 2 && isMiddle(label, classes)) return '●';
  return label === classes[0] ? '▼' : '▲';
}

/** What contributions above and below 0 speak for. */
type Sides = { up: string; down: string };

function sidesOf(explained: string): Sides {
  return { up: `for ${explained}`, down: `against ${explained}` };
}

/** Neither the first nor the last of more than two classes. */
function isMiddle(label: string, classes: readonly string[]): boolean {
  return label !== classes[0] && label !== classes[classes.length - 1];
}

export function verdictOf({
  label,
  abstains,
  knownShare,
}: Pick<Explanation, 'label' | 'abstains' | 'knownShare'>): string {
  if (abstains === 'unknown') {
    return `No answer: the model knows ${knownShare === 0 ? 'none' : 'too few'} of these words`;
  }
  return abstains === 'unsure' ? 'No answer: the model is not sure enough' : sentimentOf(label);
}

/** The probability of each class as a bar. */
function shares(probabilities: readonly number[], classes: readonly string[]): Renderable {
  return html`<table class="shares">
<thead class="unseen"><tr><th scope="col">Class</th><th scope="col">Size</th><th scope="col">Probability</th></tr></thead>
<tbody>${classes.map(
    (name, k) => html`
<tr><th scope="row">${name}</th><td class="bars"><svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="axis" width="100" height="4"/><rect class="up" width="${(100 * probabilities[k]).toFixed(2)}" height="4"/></svg></td><td class="number">${(100 * probabilities[k]).toFixed(0)} %</td></tr>`,
  )}</tbody>
</table>`;
}

/** Never rounds up to 100 %, nor down below 50 %. */
export function percentOf(confidence: number): string {
  return confidence > 0.995 ? 'over 99 %' : `${Math.floor(100 * confidence + 1e-9)} %`;
}

/** A bar from the middle towards the predicted label. */
function scale(probability: number, { up, down }: Sides): Renderable {
  const at = 100 * probability;
  const from = Math.min(at, 50).toFixed(2);
  const width = Math.abs(at - 50).toFixed(2);
  return html`<svg class="scale" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
<rect class="track" width="100" height="4"/><rect class="part" x="${from}" width="${width}" height="4"/>
<rect class="middle" x="49.8" width="0.4" height="4"/></svg>
<div class="ends" aria-hidden="true"><span>${down}</span><span>${up}</span></div>`;
}

function segment({ text, level, contribution }: Segment, { up, down }: Sides): Renderable {
  if (level === 0) return text;
  const side = contribution > 0 ? up : down;
  const spoken = level > 1 && html`<span class="unseen"> (${side})</span>`;
  return html`<mark class="${contribution > 0 ? 'p' : 'n'}${level}" title="${side}, ${signed(contribution)}">${text}${spoken}</mark>`;
}

/** The largest effects, then the rest in two rows, so that the column adds up to the log-odds. */
function table({ words, bias, score }: Explanation, sides: Sides): Renderable {
  const all = movers(words);
  const top = all.slice(0, TABLE_ROWS);
  const others = all.slice(TABLE_ROWS);
  const rest = others.reduce((sum, { contribution }) => sum + contribution, 0);
  const rows = [
    ...top.map(({ word, contribution }) => ({ name: word, value: contribution, isWord: true })),
    ...(others.length > 0 ? [{ name: `${others.length} other words`, value: rest, isWord: false }] : []),
    { name: 'Start, before any word', value: bias, isWord: false },
  ];
  const most = Math.max(...rows.map(({ value }) => Math.abs(value)));
  return html`<table>
<caption>Words with the largest effect <span>(in log-odds, which add up)</span></caption>
<thead><tr><th scope="col">Word</th><th scope="col">Towards</th><th scope="col" class="bars"><span class="unseen">Size</span></th><th scope="col" class="number">Effect</th></tr></thead>
<tbody>${rows.map((one) => row(one, most, sides))}</tbody>
<tfoot><tr><th scope="row">Sum</th><td class="${score > 0 ? 'up' : 'down'}"><span aria-hidden="true">${score > 0 ? '▲' : '▼'}</span> ${score > 0 ? sides.up : sides.down}</td><td class="bars"></td><td class="number">${signed(score)}</td></tr></tfoot>
</table>`;
}

type Row = { name: string; value: number; isWord: boolean };

function row({ name, value, isWord }: Row, most: number, sides: Sides): Renderable {
  const up = value > 0;
  const width = most === 0 ? '0' : ((50 * Math.abs(value)) / most).toFixed(2);
  const from = up ? '50' : (50 - Number(width)).toFixed(2);
  const side = up ? 'up' : 'down';
  return html`
<tr><th scope="row"${!isWord && html` class="rest"`}>${name}</th><td class="${side}"><span aria-hidden="true">${up ? '▲' : '▼'}</span> ${up ? sides.up : sides.down}</td><td class="bars"><svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="axis" x="49.8" width="0.4" height="4"/><rect class="${side}" x="${from}" width="${width}" height="4"/></svg></td><td class="number">${signed(value)}</td></tr>`;
}

function signed(value: number): string {
  return `${value > 0 ? '+' : '−'}${Math.abs(value).toFixed(2)}`;
}

/** A part of the text. Level 0 is not marked; levels 1 to 3 say how much the word contributed. */
export type Segment = { text: string; level: 0 | 1 | 2 | 3; contribution: number };

// A word gets level 1, 2 or 3 from this share of the largest contribution in the text on.
const LEVELS = [0.15, 0.4, 0.7];

/** Cuts `text` at the words. The segments add up to `text`; words out of order or outside the text are skipped. */
export function highlight(text: string, words: readonly WordContribution[]): Segment[] {
  const most = words.reduce((max, { contribution }) => Math.max(max, Math.abs(contribution)), 0);
  const segments: Segment[] = [];
  let at = 0;
  for (const { start, end, contribution } of words) {
    const level = levelOf(contribution, most);
    if (level === 0 || start < at || end <= start || end > text.length) continue;
    if (start > at) segments.push({ text: text.slice(at, start), level: 0, contribution: 0 });
    segments.push({ text: text.slice(start, end), level, contribution });
    at = end;
  }
  if (at < text.length) segments.push({ text: text.slice(at), level: 0, contribution: 0 });
  return segments;
}

function levelOf(contribution: number, most: number): Segment['level'] {
  const share = most === 0 ? 0 : Math.abs(contribution) / most;
  if (share >= LEVELS[2]) return 3;
  if (share >= LEVELS[1]) return 2;
  return share >= LEVELS[0] ? 1 : 0;
}

export type Mover = { word: string; contribution: number };

/** The words by their total contribution, each once regardless of case, the largest first. */
export function movers(words: readonly WordContribution[]): Mover[] {
  const sums = new Map<string, Mover>();
  for (const { text, contribution } of words) {
    const key = text.toLowerCase();
    const mover = sums.get(key);
    if (mover) mover.contribution += contribution;
    else sums.set(key, { word: text, contribution });
  }
  return [...sums.values()]
    .filter(({ contribution }) => contribution !== 0)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
}
