/** Which words to mark, and how strongly: pure, from an explanation's offsets. */
import type { WordContribution } from '../../ml/model/types.ts';

/** A stretch of the text. Level 0 is not marked; 1 to 3 say how much the word moved the answer. */
export type Segment = { text: string; level: 0 | 1 | 2 | 3; contribution: number };

// Shares of the largest contribution in the text at which a word is marked weakly, clearly, strongly.
const LEVELS = [0.15, 0.4, 0.7];

/** Cuts `text` at the words. The segments put together are `text`; words out of order or off the text are left out. */
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

/** The words that moved the answer most, each once whatever its case, in descending order of size. */
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
