import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatQuantity, parseQuantity } from './quantity.ts';

test.each([
  ['500m', 0.5],
  ['2', 2],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['128Mi', 2 ** 27],
  ['1e3', 1000],
  ['5k', 5000],
])('%s is %d', (text, amount) => {
  expect(parseQuantity(text)).toBeCloseTo(amount, 9);
});

test('an invalid quantity is NaN', () => {
  for (const text of ['', 'two', '5X', '1.2.3']) expect(parseQuantity(text)).toBeNaN();
});

test('a rounded amount still fits, or still suffices', () => {
  const bytes = fc.integer({ min: 1, max: 2 ** 42 });
  fc.assert(
    fc.property(bytes, (amount) => {
      expect(parseQuantity(formatQuantity('memory', amount, 'down'))).toBeLessThanOrEqual(amount * (1 + 1e-6));
      expect(parseQuantity(formatQuantity('memory', amount, 'up'))).toBeGreaterThanOrEqual(amount * (1 - 1e-6));
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (milli) => {
      expect(parseQuantity(formatQuantity('cpu', milli / 1000))).toBeCloseTo(milli / 1000, 6);
    }),
  );
});
