/**
 * The self-test of an artifact: texts that travel with it, and the scores that they had when it was saved. A program that reads
 * the file wrongly, or a file whose arrays fit together but are not those of the training, gives others.
 */
import type { Block } from '../features/block.ts';
import { fields, is, isRecord, list, optional, whole } from './header.ts';
import type { LinearTextModel } from './linear_text_model.ts';

/** The texts; their scores are a section of their own, one or one a class for each text. */
export type SelfTest = { version: 1; texts: readonly string[] };

/** One for each thing that can happen to a text. */
const USUAL: readonly string[] = [
  '',
  'It was good, and I would buy it again.',
  "It wasn't bad, but I did not like it at all!",
  'I LOVE this &amp; <b>everything</b> about it :-) \u{1f600}',
  'Cafe\u0301 na\u00efve \ufb01lm \u2014 \u201cterrible\u201d\u2026 soooo boring #NeverAgain @someone http://example.com',
  '\u6f22\u5b57 \u0e44\u0e17\u0e22 zzzzqq',
];
/** Terms of each vocabulary among the texts, evenly spread over its columns, and how many of them make a text. */
const TERMS = 64;
const TERMS_PER_TEXT = 8;

/** Scores may differ by this share: a later program may add in another order. */
const TOLERANCE = 1e-6;

const MOST_TEXTS = 100;
const MOST_LENGTH = 10_000;

const isText = (value: unknown) => typeof value === 'string' && value.length <= MOST_LENGTH;
const isShort = is(`of at most ${MOST_TEXTS} texts`, (value) => (value as SelfTest).texts.length <= MOST_TEXTS);
const selfTest = fields({ version: whole(1, 1), texts: list(is(`a text of at most ${MOST_LENGTH}`, isText)) });

/** For the header; a model of an older version has none, and that of a later version is not read. */
export const selfTestHeader = optional((value, path) =>
  isRecord(value) && Number.isInteger(value.version) && (value.version as number) > 1
    ? undefined
    : (selfTest(value, path) ?? isShort(value, path)),
);

export function selfTestOf(model: LinearTextModel): { texts: readonly string[]; scores: Float64Array<ArrayBuffer> } {
  const texts = [...USUAL, ...model.parts.vectorizer.blocks.flatMap(termsOf)];
  return { texts, scores: scoresOf(model, texts) };
}

/** Says which text has another score than the stored one. */
export function failedSelfTest(
  model: LinearTextModel,
  texts: readonly string[],
  scores: Float64Array,
): string | undefined {
  const own = scoresOf(model, texts);
  if (own.length !== scores.length) return `its self-test has ${scores.length} scores for ${texts.length} texts`;
  const at = own.findIndex((score, i) => !(Math.abs(score - scores[i]) <= TOLERANCE * (1 + Math.abs(scores[i]))));
  if (at < 0) return undefined;
  const text = texts[Math.floor((at * texts.length) / scores.length)];
  return `text ${JSON.stringify(text)} of its self-test has the score ${own[at]}, not ${scores[at]} as when it was saved`;
}

function scoresOf(model: LinearTextModel, texts: readonly string[]): Float64Array<ArrayBuffer> {
  return Float64Array.from(texts.flatMap((text) => [...model.scores(text)]));
}

/** Terms that the model knows, as they are, negated, after a contrast and in capitals. */
function termsOf({ ngrams }: Block): string[] {
  const all = ngrams.terms();
  const step = Math.max(1, Math.floor(all.length / TERMS));
  const terms = Array.from({ length: Math.min(TERMS, all.length) }, (_, i) => all[i * step]);
  const texts: string[] = [];
  for (let i = 0; i < terms.length; i += TERMS_PER_TEXT) {
    const words = terms.slice(i, i + TERMS_PER_TEXT).join(' ');
    texts.push(`${words}. Not ${words}, but ${words.toUpperCase()}`);
  }
  return texts;
}
