/** `sentiment explain`: each word and its contribution to the score, drawn as bars. */
import { usageError } from '../ml/errors.ts';
import { readModel } from '../ml/model/artifact.ts';
import { ENOUGH_KNOWN } from '../ml/model/decision.ts';
import type { Explanation, WordContribution } from '../ml/model/types.ts';
import { sentimentOf } from '../service/classes.ts';
import { printable } from './output.ts';

export type ExplainOptions = {
  model: string;
  top: number;
  /** Name of the class to explain, by default the predicted one. */
  class?: string;
  json?: boolean;
};

/** Throws CLASS_UNKNOWN (2) and what readModel throws. */
export async function explain(text: string, { model: path, top, class: name, json }: ExplainOptions): Promise<void> {
  const model = readModel(path);
  const { classes } = model;
  const towards = name === undefined ? undefined : classes.indexOf(name);
  if (towards === -1) {
    const known = classes.join(', ');
    throw usageError('CLASS_UNKNOWN', `the model has no class ${JSON.stringify(name)}; its classes are ${known}`);
  }
  const explanation = model.explain(text, towards);
  const width = process.stdout.columns || 100;
  process.stdout.write(json ? `${jsonOf(explanation)}\n` : drawExplanation(explanation, classes, { top, width }));
}

/** Without the token counts, which only the service's drift signals need. */
function jsonOf({ tokens, unknownTokens, ...explanation }: Explanation): string {
  return JSON.stringify(explanation);
}

/**
 * Lines of at most `width` columns. Of two classes, bars to the left count towards the first and bars to the right towards
 * the second; of more, against and for the one that is explained. The longest one fills the room. If there are more than
 * `top` words, only the strongest are shown, in the order of the text.
 */
export function drawExplanation(
  explanation: Explanation,
  classes: readonly string[],
  { top, width }: { top: number; width: number },
): string {
  const { label, abstains, confidence, score, bias, words, knownShare, towards } = explanation;
  const [left, right] = classes.length === 2 ? classes : [`against ${classes[towards]}`, `for ${classes[towards]}`];
  const shown = strongest(words, top);
  const rows = [...shown.map((word) => ({ name: printable(word.text), value: word.contribution }))];
  const others = words.length - shown.length;
  if (others > 0) {
    const rest = words.filter((word) => !shown.includes(word));
    rows.push({ name: `(${others} other words)`, value: rest.reduce((sum, word) => sum + word.contribution, 0) });
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
    `${abstains ? `No answer (${abstains}); best guess: ` : ''}${sentimentOf(label)}, ${(100 * confidence).toFixed(1)} % sure`,
    '',
    `  ${'word'.padEnd(nameWidth)} log-odds ${left.padStart(half - 1)}│${right}`,
    ...lines,
    `  ${'sum'.padEnd(nameWidth)} ${signed(score).padStart(7)}`,
    ...(knownShare < 1
      ? [
          '',
          `The model knows ${Math.round(100 * knownShare)} % of the words${knownShare < ENOUGH_KNOWN ? ', so the result may be unreliable' : ''}.`,
        ]
      : []),
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
