import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the Dagger module hides the same as the product', () => {
  const copy = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8').split(' */\n')[1];
  expect(copy('redact.ts')).toBe(copy('../../ml/redact.ts'));
});
