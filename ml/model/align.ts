/**
 * Where the words of the normalised text stand in the text as given, so that a page can highlight them there.
 *
 * The text is cut into pieces that normalise by themselves (an entity, a tag, a letter with its marks). If the
 * pieces' normal forms put together are the normal form of the whole, offsets follow; for the rare text where they
 * are not, a word is looked up from left to right, and left out when it is not found.
 */

import { createNormalizer, type NormalizeSettings } from '../text/normalize.ts';
import type { Tokens } from '../text/tokens.ts';
import type { WordContribution } from './types.ts';

const PIECE = /&(?:amp;){0,2}#?[a-z0-9]{1,31};?|<\/?[a-z!][^<>]{0,300}>|[\s\S]\p{M}*/giu;

export function alignWords(
  text: string,
  normalized: string,
  tokens: Tokens,
  contributions: Float64Array,
  settings: NormalizeSettings,
): WordContribution[] {
  const range = rangeFinder(text, normalized, settings);
  const words: WordContribution[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.from[t] < 0) continue;
    const [start, end] = range(tokens.from[t], tokens.to[t]);
    if (start >= 0) words.push({ text: text.slice(start, end), start, end, contribution: contributions[t] });
  }
  return words;
}

/** Maps a range of the normalised text to one of the given text; [-1, -1] when it is not found. */
function rangeFinder(
  text: string,
  normalized: string,
  settings: NormalizeSettings,
): (from: number, to: number) => [number, number] {
  if (text === normalized || text.toLowerCase() === normalized) return (from, to) => [from, to];
  const pieces = pieceOffsets(text, normalized, settings);
  if (pieces) return (from, to) => [pieces.start[from], pieces.end[to - 1]];
  const lower = text.toLowerCase();
  let at = 0;
  return (from, to) => {
    const found = lower.length === text.length ? lower.indexOf(normalized.slice(from, to), at) : -1;
    if (found < 0) return [-1, -1];
    at = found + to - from;
    return [found, at];
  };
}

type Offsets = { start: Uint32Array; end: Uint32Array };

/** For each code of the normalised text, the range of the given text it came from. */
function pieceOffsets(text: string, normalized: string, settings: NormalizeSettings): Offsets | undefined {
  const normalize = createNormalizer(settings);
  const start = new Uint32Array(normalized.length);
  const end = new Uint32Array(normalized.length);
  let whole = '';
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    const form = normalize(piece);
    start.fill(index, whole.length, whole.length + form.length);
    end.fill(index + piece.length, whole.length, whole.length + form.length);
    whole += form;
  }
  return whole === normalized ? { start, end } : undefined;
}
