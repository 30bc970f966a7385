import { describe, expect, it } from 'vitest';
import { DuplicateFinder, duplicateKey, nearDuplicateKey } from './duplicates.ts';

describe('two texts', () => {
  it.each([
    ['A  good\nfilm ', 'a good film', true, true],
    ['ﬁne', 'FINE', true, true],
    ['great :)', 'great :(', false, true],
    ["don't", 'don t', false, true],
    ['a good film', 'a good, good film', false, false],
    ['good', 'goods', false, false],
    [':)', ':(', false, false],
    ['...', '... ', true, true],
  ])('%j and %j are duplicates: %s, near duplicates: %s', (a, b, duplicates, near) => {
    expect(duplicateKey(a) === duplicateKey(b)).toBe(duplicates);
    expect(nearDuplicateKey(a) === nearDuplicateKey(b)).toBe(near);
  });
});

describe('of equal texts', () => {
  function fates(...texts: [text: string, label: 0 | 1, onTestSide?: boolean][]): string[] {
    const finder = new DuplicateFinder();
    for (const [text, label, onTestSide = false] of texts) finder.add(text, label, onTestSide);
    return texts.map((_, i) => finder.fate(i));
  }

  it('the first stays', () => {
    expect(fates(['a', 1], ['b', 0], ['A ', 1], ['a', 1])).toEqual(['kept', 'kept', 'duplicate', 'duplicate']);
  });

  it('none stays when their labels differ, however late that is seen', () => {
    expect(fates(['a', 1], ['a', 1], ['b', 1], ['a', 0], ['a', 1])).toEqual([
      'conflict',
      'conflict',
      'kept',
      'conflict',
      'conflict',
    ]);
  });

  it('the first on the test side stays, if there is one', () => {
    expect(fates(['a', 1], ['a', 1, true], ['a', 1, true])).toEqual(['duplicate', 'kept', 'duplicate']);
    expect(fates(['a', 1, true], ['a', 1], ['a', 1, true])).toEqual(['kept', 'duplicate', 'duplicate']);
  });

  it('a later one is called what is known by then', () => {
    const finder = new DuplicateFinder();
    expect([finder.add('a', 1, false), finder.add('a', 1, false), finder.add('a', 0, false)]).toEqual([
      'new',
      'duplicate',
      'conflict',
    ]);
  });
});
