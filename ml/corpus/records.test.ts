import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineCounter } from './records.ts';

it('counts the line ends before a byte, however the text is divided into chunks', () => {
  const content = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', '"') });
  fc.assert(
    fc.property(content, fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(60)), (text, size, places) => {
      const counter = new LineCounter();
      for (let i = 0; i < text.length; i += size) counter.add(Buffer.from(text.slice(i, i + size)));
      for (const place of places.sort((a, b) => a - b)) {
        const rest = text.slice(place).search(/[^\r\n]/);
        const before = rest < 0 ? text : text.slice(0, place + rest);
        expect(counter.lineAt(place)).toBe(before.split(/\r\n|\r|\n/).length);
      }
    }),
  );
});
