import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Clusters } from './clusters.ts';

it('holds together what shares a key, directly or through others', () => {
  const clusters = new Clusters();
  for (const keys of [['a'], ['b'], ['c'], ['a', 'b'], []]) clusters.add(keys);
  const [a, b, c, ab, none] = [0, 1, 2, 3, 4].map((i) => clusters.find(i));
  expect([b, ab]).toEqual([a, a]);
  expect(new Set([a, c, none]).size).toBe(3);
});

it('agrees with spreading keys until nothing changes', () => {
  const keys = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 3 }), { maxLength: 30 });
  fc.assert(
    fc.property(keys, (texts) => {
      const clusters = new Clusters();
      for (const text of texts) clusters.add(text);
      const slow = texts.map((_, i) => i);
      for (let changed = true; changed; ) {
        changed = false;
        texts.forEach((text, i) => {
          texts.forEach((other, j) => {
            if (slow[i] >= slow[j] || !text.some((key) => other.includes(key))) return;
            slow[j] = slow[i];
            changed = true;
          });
        });
      }
      const pairs = texts.flatMap((_, i) => texts.map((_, j) => [i, j]));
      for (const [i, j] of pairs) expect(clusters.find(i) === clusters.find(j)).toBe(slow[i] === slow[j]);
    }),
  );
});
