import { expect, it } from 'vitest';
import { requireColumns } from './columns.ts';

it('lets pass what is there', () => {
  expect(() => requireColumns({ name: 'a.csv', columns: ['id', 'text'] }, ['text'])).not.toThrow();
});

it('names the columns there are and the closest one', () => {
  const table = { name: 'a.csv', columns: ['review_id', 'Text', 'stars'] };
  expect(() => requireColumns(table, ['stars', 'text'])).toThrow(
    expect.objectContaining({
      code: 'COLUMN_MISSING',
      message: 'a.csv has no column "text"; it has "review_id", "Text", "stars"',
      next: 'name a column that is there; the closest is "Text"',
      exitCode: 2,
    }),
  );
  expect(() => requireColumns(table, ['star'])).toThrow(
    expect.objectContaining({ next: expect.stringContaining('"stars"') }),
  );
});

it('shows twenty of very many', () => {
  const columns = Array.from({ length: 300 }, (_, i) => `c${i}`);
  expect(() => requireColumns({ name: 'a.csv', columns }, ['text'])).toThrow(/"c18", "c19" and 280 more$/);
});

it('sees a separator that is not the one of the format', () => {
  expect(() => requireColumns({ name: 'a.csv', columns: ['text;label'] }, ['text'])).toThrow(
    expect.objectContaining({ next: expect.stringContaining('CSV takes commas') }),
  );
});
