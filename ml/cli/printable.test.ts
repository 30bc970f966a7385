import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from './printable.ts';

// Up to the punctuation block, where the line and paragraph separators stand.
const unit = fc.integer({ min: 0, max: 0x206f }).map((code) => String.fromCharCode(code));

test('any text becomes one line without control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const line = printable(text);
      expect([...line].filter(isControl)).toEqual([]);
    }),
  );
});

function isControl(char: string): boolean {
  return char < ' ' || (char >= '\u007f' && char <= '\u009f') || char === '\u2028' || char === '\u2029';
}

test('what is printable stays as it is', () => {
  expect(printable('Amélie 😀 — “fine”')).toBe('Amélie 😀 — “fine”');
});
