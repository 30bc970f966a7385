/**
 * Whether a text shows a sign: an emoji, or what the rules write for a drawn-out word, an @name or an address (tokens.ts).
 * People who write so say what they feel plainly, so the same score is surer than in other texts (docs/model.md).
 */

/** Below the first pictograph of two bytes or more are letters and punctuation alone. */
const MAYBE = /[^\0-\u203b]/;
const SIGN = /\p{Extended_Pictographic}/u;

/** `text` is normalised. */
export function showsSign(text: string): boolean {
  return MAYBE.test(text) && SIGN.test(text);
}
