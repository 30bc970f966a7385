import { expect, it } from 'vitest';
import { countLeaks, nearDuplicateKeys } from './leaks.ts';
import type { Review } from './review.ts';

function reviews(...given: [text: string, group?: string][]): Review[] {
  return given.map(([text, group], i) => ({ id: String(i), text, label: 1, group }));
}

it('counts training texts and groups that are on the test side too', () => {
  const train = reviews(['A good film.', 'a'], ['a good film', 'b'], ['other', 'a'], ['alone']);
  const test = reviews(['a GOOD film!', 'a'], ['more', 'b'], ['even more', 'c']);
  expect(countLeaks(train, test)).toEqual({ texts: 2, groups: 2 });
  expect(countLeaks(reviews(['alone']), test)).toEqual({ texts: 0, groups: 0 });
});

it('knows texts by letters and digits', () => {
  expect(nearDuplicateKeys(reviews(['Good!'], ['good'], ['bad'])).size).toBe(2);
});
