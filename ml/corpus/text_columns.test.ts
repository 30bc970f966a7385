import { expect, it } from 'vitest';
import { textOf } from './text_columns.ts';

it.each([
  [{ title: 'Not for me', body: 'good for others' }, 'Not for me. good for others'],
  [{ title: 'Great!', body: 'Would buy again.' }, 'Great! Would buy again.'],
  [{ title: 'He said "no."', body: 'Then left' }, 'He said "no." Then left'],
  [{ title: ' ', body: 'dull' }, 'dull'],
  [{ title: 'dull', body: '' }, 'dull'],
  [{ title: null }, ''],
  [{ title: 5, body: true }, '5. true'],
])('the title and body of %j are joined by a sentence end', (row, text) => {
  expect(textOf(row, ['title', 'body'])).toEqual({ text });
});

it('one column is left as it is', () => {
  expect(textOf({ text: ' a ' }, ['text'])).toEqual({ text: ' a ' });
});

it('names the column that is not a text', () => {
  expect(textOf({ title: 'a', body: ['b'] }, ['title', 'body'])).toEqual({
    column: 'body',
    problem: 'is a list, not a string',
  });
});
