import { describe, expect, it } from 'vitest';
import { checkExtent } from './json_extent.ts';

const refused = expect.objectContaining({ status: 422, code: 'JSON_TOO_LARGE' });

describe('a body', () => {
  it.each([
    ['brackets', '['.repeat(101), 'the body has more than 100 levels'],
    ['objects', '{"a":'.repeat(101), 'the body has more than 100 levels'],
    ['values', `[${'1,'.repeat(20_001)}1]`, 'the body has more than 20000 values'],
    ['fields', `{${'"text":"a",'.repeat(20_001)}"text":"a"}`, 'the body has more than 20000 values'],
  ])('of too many %s is refused', (_, json, message) => {
    expect(() => checkExtent(json)).toThrow(refused);
    expect(() => checkExtent(json)).toThrow(message);
  });

  it.each([
    ['as many levels as there may be', '['.repeat(100)],
    ['levels that end', '[[]],'.repeat(5000)],
    ['brackets and commas in a text', JSON.stringify({ text: '[{,'.repeat(30_000) })],
    ['quotes and backslashes in a text', JSON.stringify({ text: '\\"[,\\\\"{\\'.repeat(20_000) })],
    ['a text without an end', `{"text": "${'\\\\'.repeat(30_000)}${'[,'.repeat(30_000)}`],
    ['numbers of many digits', '9'.repeat(100_000)],
  ])('with %s is left to the parser', (_, json) => {
    expect(() => checkExtent(json)).not.toThrow();
  });
});
