/**
 * A text as one line that leaves the terminal as it was: control characters, line ends and tabs become spaces.
 * C1 controls (U+0080 to U+009F) are among them, because some terminals obey those too.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
