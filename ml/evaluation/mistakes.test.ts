import { describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { worstMistakes } from './mistakes.ts';

const reviews: Review[] = [
  { id: 'right', text: 'Good.', label: 1 },
  { id: 'unsure', text: 'Hm.', label: 1, rating: 0.5 },
  { id: 'sure', text: 'Great waste.', label: 0, rating: -2 },
];
const scored = { labels: Uint8Array.of(1, 1, 0), probabilities: Float64Array.of(0.9, 0.4, 0.95) };

describe('worstMistakes', () => {
  it('lists what was wrong, the most confident first', () => {
    expect(worstMistakes(reviews, scored)).toEqual([
      { id: 'sure', actual: 'negative', probability: 0.95, rating: -2, text: 'Great waste.' },
      { id: 'unsure', actual: 'positive', probability: 0.4, rating: 0.5, text: 'Hm.' },
    ]);
  });

  it('stops at the limit', () => {
    expect(worstMistakes(reviews, scored, 1).map(({ id }) => id)).toEqual(['sure']);
  });

  it('shortens a long text without breaking a character in two', () => {
    const long = [{ id: 'x', text: `${'a'.repeat(298)}\u{1f600}${'b'.repeat(50)}`, label: 1 as const }];
    const [{ text }] = worstMistakes(long, { labels: Uint8Array.of(1), probabilities: Float64Array.of(0.1) });
    expect(text.isWellFormed()).toBe(true);
    expect(text).toHaveLength(300);
    expect(text.endsWith('…')).toBe(true);
  });
});
