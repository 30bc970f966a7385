import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { invalidJson, jsonErrorOffset } from './json_position.ts';

describe('jsonErrorOffset', () => {
  const cases: [text: string, offset: number][] = [
    ['{"text": nice}', 10],
    ['{"text": "nice"', 15],
    ['{"text": "nice",}', 16],
    ["{'text': 1}", 1],
    ['{"text" "nice"}', 8],
    ['{"text": "a\nb"}', 11],
    ['{"text": "\\x"}', 11],
    ['{"text": "\\u12g4"}', 14],
    ['[1, 2,, 3]', 6],
    ['[1}', 2],
    ['01', 1],
    ['-', 1],
    ['1.e3', 2],
    ['{} {}', 3],
    ['', 0],
    ['{"text": "fine"}', -1],
  ];
  it.each(cases)('finds in %j the offset %i', (text, offset) => {
    expect(jsonErrorOffset(text)).toBe(offset);
  });

  it('agrees with JSON.parse on what is JSON', () => {
    const damagedJson = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '{', ']', ',', ':', '-', '.', 'e', '\\', '\n', 'tru', '\u{1f600}'),
      )
      .map(([json, at, insert]) => {
        const cut = at % (json.length + 1);
        return json.slice(0, cut) + insert + json.slice(cut + (at % 2));
      });
    fc.assert(
      fc.property(fc.oneof(damagedJson, fc.string({ unit: 'binary' })), (text) => {
        expect(jsonErrorOffset(text) === -1).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('points at a place up to which the text could still have become JSON, and after which it could not', () => {
    const anyEnd = ['', '0', '"', '00"', '0"', 'l', 'e', '""', ':0', '"":0', '":0'];
    const closers = ['', ']', '}', ']}', '}]'];
    const endings = anyEnd.flatMap((end) => closers.map((closer) => end + closer));
    for (const text of ['{"a": [1, tru]}', '[{"a": "\\u00zz"}]', '{"a": 1.x}', '{"a" 1}', '[nul']) {
      const offset = jsonErrorOffset(text);
      expect(endings.some((end) => isJson(text.slice(0, offset) + end))).toBe(true);
      if (offset < text.length) expect(endings.some((end) => isJson(text.slice(0, offset + 1) + end))).toBe(false);
    }
  });

  it('walks a million open brackets', () => {
    expect(jsonErrorOffset('['.repeat(1_000_000))).toBe(1_000_000);
  });
});

describe('invalidJson', () => {
  it('names line and column', () => {
    expect(invalidJson('{"text":\n  oops}').message).toBe(
      'the body is not valid JSON: "o" is unexpected at line 2, column 3',
    );
    expect(invalidJson('{"text": "x"').message).toBe(
      'the body is not valid JSON: it ends too early, at line 1, column 13',
    );
    expect(invalidJson(' ').message).toBe('the body is not valid JSON: it is empty');
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
