/** `sentiment explain`: each word and its contribution to the score, drawn as bars. */
import { readModel } from '../ml/model/artifact.ts';
import type { Explanation, WordContribution } from '../ml/model/types.ts';
import { printable } from './output.ts';

export type ExplainOptions = { model: string; top: number; json?: boolean };

export async function explain(text: string, { model, top, json }: ExplainOptions): Promise<void> {
  const explanation = readModel(model).explain(text);
  const width = process.stdout.columns || 100;
  process.stdout.write(json ? `${jsonOf(explanation)}\n` : drawExplanation(explanation, { top, width }));
}

/** Without the token counts, which only the service's drift signals need. */
function jsonOf({ tokens, unknownTokens, ...explanation }: Explanation): string {
  return JSON.stringify(explanation);
}

/**
 * Lines of at most `width` columns. Bars to the left count towards negative, to the right towards positive; the longest
 * one fills the room. If there are more than `top` words, only the strongest are shown, in the order of the text.
 */
export function drawExplanation(explanation: Explanation, { top, width }: { top: number; width: number }): string {
  const { label, confidence, score, bias, words, knownShare } = explanation;
  const shown = strongest(words, top);
  const rows = [...shown.map((word) => ({ name: printable(word.text), value: word.contribution }))];
  const left = words.length - shown.length;
  if (left > 0) {
    const rest = words.filter((word) => !shown.includes(word));
    rows.push({ name: `(${left} other words)`, value: rest.reduce((sum, word) => sum + word.contribution, 0) });
  }
  rows.push({ name: '(bias)', value: bias });

  const nameWidth = Math.min(24, Math.max(...rows.map((row) => row.name.length)));
  const half = Math.max(4, Math.floor((width - nameWidth - 14) / 2));
  const most = Math.max(...rows.map((row) => Math.abs(row.value))) || 1;
  const lines = rows.map(({ name, value }) => {
    const length = Math.round((Math.abs(value) / most) * half);
    const bar = '█'.repeat(length);
    const drawn = value < 0 ? `${bar.padStart(half)}│` : `${' '.repeat(half)}│${bar}`;
    return `  ${toWidth(name, nameWidth)} ${signed(value).padStart(7)} ${drawn}`.trimEnd();
  });
  return [
    `${label === 'positive' ? 'Positive' : 'Negative'} Sentiment, ${(100 * confidence).toFixed(1)} % sure`,
    '',
    `  ${'word'.padEnd(nameWidth)} log-odds ${'negative'.padStart(half - 1)}│positive`,
    ...lines,
    `  ${'sum'.padEnd(nameWidth)} ${signed(score).padStart(7)}`,
    ...(knownShare < 1 ? ['', `The model knows ${Math.round(100 * knownShare)} % of the words.`] : []),
    '',
  ].join('\n');
}

function strongest(words: readonly WordContribution[], top: number): WordContribution[] {
  if (words.length <= top) return [...words];
  const byStrength = words.toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const chosen = new Set(byStrength.slice(0, top));
  return words.filter((word) => chosen.has(word));
}

function toWidth(name: string, width: number): string {
  return name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(2)}`;
}
