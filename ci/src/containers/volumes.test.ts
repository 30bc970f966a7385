import { expect, test } from 'vitest';
import { ownerOf, ownVolume } from './volumes.ts';

test('a volume of those who may release has a name that others cannot know', () => {
  const own = ownVolume('sentiment-dvc', ownerOf('the tracking token'));
  expect(own).toMatch(/^sentiment-dvc-[0-9a-f]{32}$/);
  expect(own).toBe(ownVolume('sentiment-dvc', ownerOf('the tracking token')));
  expect(own).not.toBe(ownVolume('sentiment-dvc', ownerOf('another token')));
  expect(own).not.toContain('token');
});

test('without a secret the volume is the one that everybody uses', () => {
  for (const secret of [undefined, '']) expect(ownVolume('sentiment-dvc', ownerOf(secret))).toBe('sentiment-dvc');
});
