import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extendHash, HASH_SEED, Words } from './words.ts';

const lists = fc.uniqueArray(fc.string({ unit: fc.constantFrom(...'abcé'.split('')), minLength: 1 }), {
  maxLength: 300,
});

function learnt(list: readonly string[]): Words {
  const words = new Words();
  for (const word of list) words.idOf(word);
  return words;
}

/** A copy as a file holds it. */
function stored(words: Words, size: number): Words {
  const letters = Array.from({ length: size }, (_, id) => [...words.letters(id)]);
  return new Words(
    Uint16Array.from(letters.flat()),
    Uint8Array.from(letters, ({ length }) => length),
  );
}

/** Words of three codes with one hash: the last code undoes what the first two have done to its low half. */
function colliding(count: number): string[] {
  const found: string[] = [];
  for (let n = 0; found.length < count; n++) {
    const [first, second] = [0x4e00 + (n & 0x1fff), 0x4e00 + ((n >>> 13) & 0x1fff)];
    const state = extendHash(extendHash(HASH_SEED, first), second);
    const third = (state & 0xffff) ^ 0x1234;
    if (state >>> 16 === 0x5678 && (third < 0xd800 || third > 0xdfff)) {
      found.push(String.fromCharCode(first, second, third));
    }
  }
  return found;
}

describe('words', () => {
  it('have ids in the order in which they were added, also after storing, and no other word has one', () => {
    fc.assert(
      fc.property(lists, fc.string(), (list, other) => {
        const words = learnt(list);
        for (const one of [words, stored(words, list.length)]) {
          expect(list.map((word) => one.idOf(word))).toEqual(list.map((_, id) => id));
          expect(list.map((_, id) => one.word(id))).toEqual(list);
          one.close('leave');
          if (!list.includes(other)) expect(one.idOf(other)).toBe(-1);
          expect(one.size).toBe(list.length);
        }
      }),
    );
  });

  it('are refused if one is stored twice', () => {
    expect(() => new Words(Uint16Array.of(97, 97), Uint8Array.of(1, 1))).toThrow('words 0 and 1 are the same');
  });

  it('that are new are guests, with the same id until there are too many', () => {
    const words = learnt(['a', 'b']);
    words.close('keep');
    expect(['x', 'b', 'y', 'x'].map((word) => words.idOf(word))).toEqual([2, 1, 3, 2]);
    words.tidy();
    expect(words.idOf('y')).toBe(3);
    for (let i = 0; i < 40_000; i++) words.idOf(`guest ${i}`);
    words.tidy();
    expect(words.forgotten).toBe(1);
    expect(['a', 'b', 'y'].map((word) => words.idOf(word))).toEqual([0, 1, 2]);
    expect(words.size).toBe(2);
  });

  it('that someone chose to collide are searched for a bounded time, and hide no known word', () => {
    const chosen = colliding(100);
    const [known, guests] = [chosen.slice(50), chosen.slice(0, 50)];
    expect(
      new Set(chosen.map((word) => [...word].reduce((hash, char) => extendHash(hash, char.charCodeAt(0)), HASH_SEED)))
        .size,
    ).toBe(1);
    const words = learnt(['a', known[0]]);
    words.close('keep');
    const ids = guests.map((word) => words.idOf(word));
    expect(ids).toEqual(guests.map((_, i) => i + 2));
    // Found again while they stand near; beyond, each time a new one.
    expect(words.idOf(guests[0])).toBe(2);
    expect(words.idOf(guests[49])).toBe(52);
    expect(words.idOf(known[0])).toBe(1);
    // As many known words are all found.
    const many = learnt(known);
    many.close('keep');
    for (const word of guests) many.idOf(word);
    expect(known.map((word) => many.idOf(word))).toEqual(known.map((_, id) => id));
  });
});
