import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extendHash, HASH_SEED, Vocabulary } from './vocabulary.ts';

function codesOf(term: string): { codes: Uint16Array; hash: number } {
  const codes = Uint16Array.from(term, (char) => char.charCodeAt(0));
  return { codes, hash: codes.reduce(extendHash, HASH_SEED) };
}

function add(vocabulary: Vocabulary, term: string): number {
  const { codes, hash } = codesOf(term);
  return vocabulary.add(codes, 0, codes.length, hash);
}

function find(vocabulary: Vocabulary, term: string): number {
  const { codes, hash } = codesOf(term);
  return vocabulary.find(codes, 0, codes.length, hash);
}

const terms = fc.uniqueArray(fc.string({ unit: fc.constantFrom(...'abcé '.split('')), minLength: 1 }), {
  maxLength: 300,
});

describe('a vocabulary', () => {
  it('numbers terms in the order of their first occurrence', () => {
    const vocabulary = new Vocabulary();
    expect(['b', 'a', 'b', 'c'].map((term) => add(vocabulary, term))).toEqual([0, 1, 0, 2]);
    expect(vocabulary.size).toBe(3);
  });

  it('finds each of its terms and no other, also after saving and loading', () => {
    fc.assert(
      fc.property(terms, fc.string(), (list, other) => {
        const vocabulary = new Vocabulary();
        for (const term of list) add(vocabulary, term);
        const loaded = new Vocabulary(structuredClone(vocabulary.data()));
        for (const one of [vocabulary, loaded]) {
          expect(list.map((term) => find(one, term))).toEqual(list.map((_, i) => i));
          expect(list.map((_, i) => one.term(i))).toEqual(list);
          if (!list.includes(other)) expect(find(one, other)).toBe(-1);
        }
      }),
    );
  });

  it('distinguishes two terms with the same hash', () => {
    const vocabulary = new Vocabulary();
    const codes = Uint16Array.of(97, 98);
    expect(vocabulary.add(codes, 0, 1, 7)).toBe(0);
    expect(vocabulary.find(codes, 1, 2, 7)).toBe(-1);
    expect(vocabulary.add(codes, 1, 2, 7)).toBe(1);
    expect(vocabulary.find(codes, 0, 1, 7)).toBe(0);
  });

  it('keeps a selection in the given order', () => {
    const vocabulary = new Vocabulary();
    for (const term of ['a', 'b', 'c', 'd']) add(vocabulary, term);
    const kept = vocabulary.select([3, 1]);
    expect([find(kept, 'd'), find(kept, 'b'), find(kept, 'a')]).toEqual([0, 1, -1]);
  });
});
