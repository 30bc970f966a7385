import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSamePolicy, LIFECYCLE, lifecyclePolicy } from './lifecycle.ts';

type Rule = { rulePriority: number; selection: Record<string, unknown> };
const rulesOf = (text: string): Rule[] => JSON.parse(text).rules;

test('rules that keep tags come before rules that expire by age, one rule per tag', () => {
  const rules = rulesOf(
    lifecyclePolicy({ keepNewest: 3, untaggedDays: 2, keepDeployed: 4, keepTags: ['b', 'a', 'b'] }),
  );
  expect(rules.map(({ selection }) => selection)).toEqual([
    { tagStatus: 'tagged', tagPatternList: ['a'], countType: 'imageCountMoreThan', countNumber: 100_000 },
    { tagStatus: 'tagged', tagPatternList: ['b'], countType: 'imageCountMoreThan', countNumber: 100_000 },
    { tagStatus: 'tagged', tagPatternList: ['deployed-*'], countType: 'imageCountMoreThan', countNumber: 4 },
    { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 2 },
    { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 3 },
  ]);
});

test('priorities are unique and rising, and the rule for any image is the last, whatever the tags', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^\w{1,20}$/), { maxLength: 47 }), (keepTags) => {
      const rules = rulesOf(lifecyclePolicy({ ...LIFECYCLE, keepTags }));
      expect(rules.map(({ rulePriority }) => rulePriority)).toEqual(rules.map((_, index) => index + 1));
      expect(rules.at(-1)?.selection.tagStatus).toBe('any');
      expect(rules.length).toBe(keepTags.length + 3);
    }),
  );
});

test.each([
  [{ ...LIFECYCLE, keepNewest: 0 }, 'keepNewest is 0, expected a whole number above zero'],
  [{ ...LIFECYCLE, untaggedDays: 1.5 }, 'untaggedDays is 1.5'],
  [{ ...LIFECYCLE, keepTags: Array.from({ length: 48 }, (_, index) => `t${index}`) }, 'keepTags has 48 tags'],
])('refuses %o', (lifecycle, message) => {
  expect(() => lifecyclePolicy(lifecycle)).toThrow(message);
});

test('the order of keys and white space do not matter', () => {
  const wanted = '{"rules":[{"a":1,"b":[2,3]}]}';
  expect(isSamePolicy('{ "rules": [ { "b": [2, 3], "a": 1 } ] }', wanted)).toBe(true);
  expect(isSamePolicy('{"rules":[{"a":1,"b":[3,2]}]}', wanted)).toBe(false);
  expect(isSamePolicy('not JSON', wanted)).toBe(false);
  expect(isSamePolicy(undefined, wanted)).toBe(false);
});
