import { describe, expect, it } from 'vitest';
import { countLeaks, DuplicateFinder, duplicateKey, nearDuplicateKey } from './duplicates.ts';
import type { Review } from './review.ts';

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

describe('equal texts', () => {
  function fates(...texts: [text: string, label: 0 | 1, onTestSide?: boolean][]): string[] {
    const finder = new DuplicateFinder();
    for (const [text, label, onTestSide = false] of texts) finder.add(text, label, onTestSide);
    return texts.map((_, i) => finder.fate(i));
  }

  it('keep the first', () => {
    expect(fates(['a', 1], ['b', 0], ['A ', 1], ['a', 1])).toEqual(['kept', 'kept', 'duplicate', 'duplicate']);
  });

  it('are all dropped if their labels conflict, however late that shows', () => {
    expect(fates(['a', 1], ['a', 1], ['b', 1], ['a', 0], ['a', 1])).toEqual([
      'conflict',
      'conflict',
      'kept',
      'conflict',
      'conflict',
    ]);
  });

  it('keep the first one in the test part, if there is one', () => {
    expect(fates(['a', 1], ['a', 1, true], ['a', 1, true])).toEqual(['duplicate', 'kept', 'duplicate']);
    expect(fates(['a', 1, true], ['a', 1], ['a', 1, true])).toEqual(['kept', 'duplicate', 'duplicate']);
  });

  it('report what is known so far as each is added', () => {
    const finder = new DuplicateFinder();
    expect([finder.add('a', 1, false), finder.add('a', 1, false), finder.add('a', 0, false)]).toEqual([
      'new',
      'duplicate',
      'conflict',
    ]);
  });
});

function reviews(...given: [text: string, group?: string][]): Review[] {
  return given.map(([text, group], i) => ({ id: String(i), text, label: 1, group }));
}

it('counts training texts and groups that are also in the test part', () => {
  const train = reviews(['A good film.', 'a'], ['a good film', 'b'], ['other', 'a'], ['alone']);
  const test = reviews(['a GOOD film!', 'a'], ['more', 'b'], ['even more', 'c']);
  expect(countLeaks(train, test)).toEqual({ texts: 2, groups: 2 });
  expect(countLeaks(reviews(['alone']), test)).toEqual({ texts: 0, groups: 0 });
});
