import { describe, expect, it } from 'vitest';
import { countLeaks, DuplicateFinder, duplicateKey, groupKey, nearDuplicateKey } from './duplicates.ts';
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
  /** A text with a rank is better than one with a higher rank. */
  function fates(...texts: [text: string, label: number, rank?: number][]): string[] {
    const finder = new DuplicateFinder();
    const rankOf = (i: number) => texts[i][2] ?? i;
    texts.forEach(([text, label], i) => {
      finder.add(text, label, (other) => rankOf(i) < rankOf(other));
    });
    return texts.map((_, i) => finder.fate(i));
  }

  it('keep the best one', () => {
    expect(fates(['a', 1], ['b', 0], ['a', 1], ['a', 1])).toEqual(['kept', 'kept', 'duplicate', 'duplicate']);
    expect(fates(['a', 1, 3], ['a', 1, 1], ['a', 1, 2])).toEqual(['duplicate', 'kept', 'duplicate']);
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

  it('report what is known so far as each is added', () => {
    const finder = new DuplicateFinder();
    const isBetter = () => false;
    expect([finder.add('a', 1, isBetter), finder.add('a', 1, isBetter), finder.add('a', 0, isBetter)]).toEqual([
      'new',
      'duplicate',
      'conflict',
    ]);
  });
});

it('no text has the key of a group', () => {
  for (const text of ['7', 'group 7', 'group\t7']) {
    expect([duplicateKey(text), nearDuplicateKey(text)]).not.toContain(groupKey('7'));
  }
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
