/** The result on the page: label, confidence, the text with the decisive words marked, and a table of them. */
import { ENOUGH_KNOWN } from '../../ml/model/decision.ts';
import type { Explanation, WordContribution } from '../../ml/model/types.ts';
import { sentimentOf } from '../predict.ts';
import { html, type Renderable } from './html.ts';

const TABLE_ROWS = 8;

export function resultSection(text: string, explanation: Explanation, classes: readonly string[]): Renderable {
  const { label, abstains, probability, confidence, words, knownShare, towards } = explanation;
  const top = movers(words, TABLE_ROWS);
  const sides = classes.length === 2 ? { up: classes[1], down: classes[0] } : sidesOf(classes[towards]);
  const isLow = abstains === undefined && label === classes[0];
  const mark = classes.length === 2 || !isMiddle(label, classes) ? (isLow ? '▼' : '▲') : '●';
  const tone = isMiddle(label, classes) || abstains ? 'middle' : isLow ? 'negative' : 'positive';
  // The form's address ends in #result, so the result takes the focus and a screen reader starts there. With autofocus as
  // well, the two would race.
  return html`<section class="card result ${tone}" id="result" tabindex="-1" aria-labelledby="verdict">
<div class="verdict">
<h2 id="verdict"><span aria-hidden="true">${abstains ? '○' : mark}</span> ${verdictOf(explanation)}</h2>
${abstains ? html`<p>Best guess: ${label}, ${percent(confidence)}</p>` : html`<p>Confidence <strong>${percent(confidence)}</strong></p>`}
</div>
${classes.length === 2 ? scale(probability, sides) : shares(explanation.probabilities, classes)}
${
  knownShare < ENOUGH_KNOWN &&
  html`<p class="note">The model knows only ${Math.round(100 * knownShare)} % of these words, so the result may be unreliable.</p>`
}
<h3 class="why">Why</h3>
<p class="marked">${highlight(text, words).map((part) => segment(part, sides))}</p>
<p class="note"><mark class="p2">Straight</mark> underlines count ${classes.length === 2 ? 'towards ' : ''}${sides.up}, <mark class="n2">wavy</mark> ones ${classes.length === 2 ? 'towards ' : ''}${sides.down}; thicker means stronger.</p>
${top.length > 0 && table(top, sides)}
</section>`;
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
function percent(confidence: number): string {
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

function table(top: readonly Mover[], sides: Sides): Renderable {
  const most = Math.abs(top[0].contribution);
  return html`<table>
<caption>Words with the largest effect <span>(in log-odds)</span></caption>
<thead><tr><th scope="col">Word</th><th scope="col">Towards</th><th scope="col" class="bars"><span class="unseen">Size</span></th><th scope="col" class="number">Effect</th></tr></thead>
<tbody>${top.map((mover) => row(mover, most, sides))}</tbody>
</table>`;
}

function row({ word, contribution }: Mover, most: number, sides: Sides): Renderable {
  const up = contribution > 0;
  const width = ((50 * Math.abs(contribution)) / most).toFixed(2);
  const from = up ? '50' : (50 - Number(width)).toFixed(2);
  const side = up ? 'up' : 'down';
  return html`
<tr><th scope="row">${word}</th><td class="${side}"><span aria-hidden="true">${up ? '▲' : '▼'}</span> ${up ? sides.up : sides.down}</td><td class="bars"><svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="axis" x="49.8" width="0.4" height="4"/><rect class="${side}" x="${from}" width="${width}" height="4"/></svg></td><td class="number">${signed(contribution)}</td></tr>`;
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

/** The words with the largest total contribution, each once regardless of case, largest first. */
export function movers(words: readonly WordContribution[], count: number): Mover[] {
  const sums = new Map<string, Mover>();
  for (const { text, contribution } of words) {
    const key = text.toLowerCase();
    const mover = sums.get(key);
    if (mover) mover.contribution += contribution;
    else sums.set(key, { word: text, contribution });
  }
  return [...sums.values()]
    .filter(({ contribution }) => Math.abs(contribution) >= 0.005)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, count);
}
