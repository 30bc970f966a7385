import { expect, test } from 'vitest';
import { CONTENT_LABEL, pushDecision } from './tag.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;
const state = { digest, mediaType: '', platforms: ['linux/amd64'], labels: { [CONTENT_LABEL]: 'c1' } };
const held = { repository: 'sentiment', tag: 'v1', state };

test('a free tag is pushed to', () => {
  expect(pushDecision({ ...held, state: undefined }, { label: 'c1' })).toBe('push');
});

test('the same digest, or the same content in another build, is no change', () => {
  expect(pushDecision(held, { digest })).toBe('unchanged');
  expect(pushDecision(held, { digest: other, label: 'c1' })).toBe('unchanged');
});

test.each([{ digest: other }, { label: 'c2' }, { digest: other, label: 'c2' }, {}])(
  'other content %o is refused',
  (content) => {
    expect(() => pushDecision(held, content)).toThrow(/already has the tag v1, with other content \(TAG_TAKEN\)/);
  },
);

test('the refusal shows both contents', () => {
  expect(() => pushDecision(held, { label: 'c2' })).toThrow(
    `it holds  ${digest}, content c1\n  | you bring content c2`,
  );
});

test('an image without the label is not taken for the same as one that has none either', () => {
  expect(() => pushDecision({ ...held, state: { ...state, labels: {} } }, {})).toThrow('TAG_TAKEN');
});
