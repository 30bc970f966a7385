/** The model card, after Mitchell et al. 2019, "Model cards for model reporting": all of it from what travels in the artifact. */
import type { ModelFacts } from '../../ml/model/types.ts';
import { namesOf } from '../classes.ts';
import { dataSource, type ServedModel } from '../served_model.ts';
import { documentPage, kindOf, percent } from './document.ts';
import { Html, html, type Renderable } from './html.ts';

type Metrics = Record<string, number>;
type Card = NonNullable<ModelFacts['card']>;

export function cardPage(served: ServedModel): string {
  const { facts } = served.model;
  const { metrics = {}, card } = facts;
  const main = html`<article class="card model">
<h2>Model ${served.name}, version ${served.version}</h2>
${identity(served)}
<h3>Meant for</h3>
<p>Telling whether English texts like those that it has learnt from are ${namesOf(served.model.classes)}: to sort, count and summarize them. A person
should look at single answers that matter to somebody.</p>
<h3>Data</h3>
<p>${facts.trainingTexts.toLocaleString('en')} training texts from ${dataSource(served)}, and ${
    metrics.n_test?.toLocaleString('en') ?? 'an unknown number of'
  } held-out texts, which it has not seen. All figures below are of the held-out texts.</p>
${figures(metrics)}
${domains(facts)}
${card && card.slices.length > 0 && slices(card.slices)}
${card && card.calibration.length > 0 && calibration(card.calibration)}
${card && card.behaviour.length > 0 && behaviour(card.behaviour)}
${spreads(metrics)}
${limits(facts, metrics)}
</article>`;
  return documentPage({ title: 'Model card – Sentiment of a text', main, served, wide: true });
}

function identity({ model, runId }: ServedModel): Renderable {
  const { facts, digest, featureCount } = model;
  const rows: [string, string | undefined][] = [
    ['Trained', facts.trainedAt?.slice(0, 10)],
    ['Classes', model.classes.join(', ')],
    ['Features', featureCount.toLocaleString('en')],
    ['MLflow run', runId || undefined],
    ['Code', facts.gitCommit],
    ['Training data', facts.dataDigest && `SHA-256 ${facts.dataDigest}`],
    ['File', digest && `SHA-256 ${digest}`],
  ];
  return html`<dl>${rows.map(([name, value]) => value !== undefined && value !== '' && html`<dt>${name}</dt><dd>${value}</dd>\n`)}</dl>`;
}

/** With a 95 % interval where there is a standard error. */
const FIGURES: readonly [name: string, label: string, better: string][] = [
  ['accuracy', 'Accuracy', 'share of right answers'],
  ['majority_share', 'Share of the largest class', 'the accuracy of always saying the same'],
  ['roc_auc', 'ROC-AUC', 'how well it ranks; 0.5 is chance'],
  ['f1', 'F1', 'of the positive class'],
  ['f1_macro', 'Macro F1', 'mean over the classes'],
  ['log_loss', 'Log loss', 'less is better'],
  ['ece', 'Calibration error', 'how far confidences are from shares of right answers'],
];

function figures(metrics: Metrics): Renderable {
  const known = FIGURES.filter(([name]) => metrics[name] !== undefined);
  if (known.length === 0) return html`<p class="note">This file carries no figures: it was not registered yet.</p>`;
  return tableOf(
    'Figures',
    ['Figure', 'Value', '95 % interval', 'Meaning'],
    known.map(([name, label, meaning]) => [
      label,
      metrics[name].toFixed(3),
      interval(metrics[name], metrics[`${name}_se`]),
      meaning,
    ]),
  );
}

function domains({ domains: counts = {}, metrics = {} }: ModelFacts): Renderable {
  const known = Object.keys(metrics)
    .map((name) => /^n_test_(.+)$/.exec(name)?.[1])
    .filter((domain) => domain !== undefined && metrics[`accuracy_${domain}`] !== undefined) as string[];
  if (known.length === 0) return undefined;
  const figure = (name: string, domain: string) => metrics[`${name}_${domain}`]?.toFixed(3) ?? '';
  return tableOf(
    'By kind of text',
    ['Kind', 'Trained on', 'Held out', 'Accuracy', '95 % interval', 'ROC-AUC', 'Calibration error'],
    known.map((domain) => [
      kindOf(domain),
      counts[domain]?.toLocaleString('en') ?? '',
      metrics[`n_test_${domain}`].toLocaleString('en'),
      figure('accuracy', domain),
      interval(metrics[`accuracy_${domain}`], metrics[`accuracy_${domain}_se`]),
      figure('roc_auc', domain),
      figure('ece', domain),
    ]),
  );
}

function slices(all: Card['slices']): Renderable {
  const short = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
  const names: Record<string, string> = { words: 'words', 'abs(rating)': 'strength of the rating' };
  return tableOf(
    'By length and strength',
    ['Slice', 'Texts', 'Accuracy', '95 % interval'],
    all.map(({ by, from, to, count, accuracy, accuracy_se }) => [
      `${names[by] ?? by} ${short(from)} to ${short(to)}`,
      count.toLocaleString('en'),
      accuracy.toFixed(3),
      interval(accuracy, accuracy_se),
    ]),
  );
}

function behaviour(all: Card['behaviour']): Renderable {
  return tableOf(
    'Behaviour tests',
    ['Test', 'File', 'Passed'],
    all.map(({ name, file, decides, passed, total }) => [
      name,
      decides ? file : `${file} (advisory)`,
      `${passed} of ${total}`,
    ]),
  );
}

function spreads(metrics: Metrics): Renderable {
  const known = Object.entries(metrics).flatMap(([name, value]) => {
    const group = /^fairness_(.+)_spread$/.exec(name)?.[1];
    return group === undefined ? [] : [[group.replaceAll('_', ' '), value.toFixed(3)]];
  });
  if (known.length === 0) return undefined;
  return tableOf('How far the probability depends on who is spoken of', ['Group', 'Spread of the probability'], known);
}

function limits({ domains: counts = {} }: ModelFacts, metrics: Metrics): Renderable {
  const kinds = Object.keys(counts).filter((domain) => metrics[`accuracy_${domain}`] !== undefined);
  const weakest = kinds.sort((a, b) => metrics[`accuracy_${a}`] - metrics[`accuracy_${b}`])[0];
  return html`<h3>Limits</h3>
<ul>
${kinds.length > 1 && html`<li>It is weakest on ${kindOf(weakest)}: ${percent(metrics[`accuracy_${weakest}`])} right.</li>`}
<li>It knows English words. Every answer says which share of the words is known; below 60 % it is unreliable.</li>
<li>It reads words and pieces of words, not the world: irony, comparisons with something unsaid and quotes of others mislead it.</li>
<li>It judges the whole text. Of a long text with two opinions it gives one answer.</li>
</ul>`;
}

function tableOf(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): Renderable {
  const isNumber = heads.map(
    (_, k) => k > 0 && rows.every((cells) => /^[\d.,–%]*( to [\d.,]+)?( of [\d,]+)?$/.test(cells[k])),
  );
  const cls = (k: number) => isNumber[k] && html` class="number"`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${heads.map((head, k) => html`<th scope="col"${cls(k)}>${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...others]) => html`
<tr><th scope="row">${first}</th>${others.map((cell, k) => html`<td${cls(k + 1)}>${cell}</td>`)}</tr>`,
  )}</tbody>
</table></div>`;
}

function interval(value: number, error: number | undefined): string {
  return error === undefined ? '' : `${(value - 1.96 * error).toFixed(3)} to ${(value + 1.96 * error).toFixed(3)}`;
}

const SIDE = 240;

/** Observed share against predicted probability; the area of a dot grows with its texts. With several classes, a plot for each. */
function calibration(points: Card['calibration']): Renderable {
  const names = [...new Set(points.map((point) => point.class))];
  const most = Math.max(...points.map(({ count }) => count));
  return html`<h3>Calibration</h3>
<p>If it says 80 %, is it right in 80 of 100 cases? Dots on the line are.</p>
<div class="plots">${names.map((name) =>
    plot(
      points.filter((point) => point.class === name),
      name,
      most,
    ),
  )}</div>`;
}

function plot(points: Card['calibration'], name: string | undefined, most: number): Renderable {
  const at = (share: number) => (share * SIDE).toFixed(1);
  const dots = points.map(({ predicted, observed, count }) => {
    const radius = (2 + 7 * Math.sqrt(count / most)).toFixed(1);
    return `<circle cx="${at(predicted)}" cy="${at(1 - observed)}" r="${radius}"><title>${count} texts: predicted ${predicted.toFixed(2)}, observed ${observed.toFixed(2)}</title></circle>`;
  });
  const label = `Calibration${name === undefined ? '' : ` of ${name}`}: ${points.map(({ predicted, observed }) => `${predicted.toFixed(2)} predicted, ${observed.toFixed(2)} observed`).join('; ')}`;
  return html`<figure><svg class="plot" viewBox="-34 -10 ${SIDE + 50} ${SIDE + 46}" role="img" aria-label="${label}">
<rect width="${SIDE}" height="${SIDE}"/><path d="M0 ${SIDE}L${SIDE} 0"/>
${new Html(dots.join('\n'))}
<text x="0" y="${SIDE + 16}">0</text><text x="${SIDE - 6}" y="${SIDE + 16}">1</text><text x="${SIDE / 2 - 60}" y="${SIDE + 32}">predicted probability</text>
<text x="-12" y="${SIDE}">0</text><text x="-12" y="10">1</text><text transform="translate(-20 ${SIDE / 2 + 45}) rotate(-90)">observed share</text>
</svg>${name !== undefined && html`<figcaption>${name}</figcaption>`}</figure>`;
}
