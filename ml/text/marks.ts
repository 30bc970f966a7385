/** Limits runs of combining marks, so that a Unicode normal form takes linear time. */

// No mark is below U+0300, so this quick test leaves out nearly every text.
const MAYBE_MARKS = /[^\0-\u02ff]{31}/;
// The half-width sound marks U+FF9E and U+FF9F become marks in NFKC.
const MARKS = /([\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+/gu;

/**
 * Keeps the first 30 of a run of marks: no word of any language needs more (Unicode Standard Annex 15, section 13,
 * "Stream-Safe Text Format"), and a normal form sorts a run in time that grows with the square of its length.
 */
export function cutMarks(text: string): string {
  return MAYBE_MARKS.test(text) ? text.replace(MARKS, '$1') : text;
}
