import { describe, expect, it } from 'vitest';
import { Body } from './body.ts';

const bodyOf = (...pieces: (string | Buffer)[]) => {
  const bytes = pieces.map((piece) => Buffer.from(piece));
  return new Body(
    bytes,
    bytes.reduce((sum, piece) => sum + piece.length, 0),
  );
};

describe('a body', () => {
  it('in pieces is one text, also if a letter is cut', () => {
    const whole = Buffer.from('{"text": "\u6f22\u{1f642}"}');
    for (let at = 0; at <= whole.length; at++) {
      expect(bodyOf(whole.subarray(0, at), whole.subarray(at)).text()).toBe(whole.toString());
    }
  });

  it('is not changed by another that is read before it', () => {
    const first = bodyOf('a long first', ' text');
    const second = bodyOf('second', ' text');
    expect([second.text(), first.text(), second.text()]).toEqual(['second text', 'a long first text', 'second text']);
  });

  it('without pieces is empty', () => {
    expect(bodyOf().text()).toBe('');
    expect(bodyOf().isJson).toBe(false);
  });

  it('that is larger than what bodies share is one text', () => {
    const half = 'x'.repeat(600_000);
    expect(bodyOf(half, half).text()).toBe(half + half);
  });

  it('that is not UTF-8 is refused', () => {
    const refused = expect.objectContaining({ status: 400, code: 'ENCODING_INVALID' });
    expect(() => bodyOf(Buffer.from('caf\xe9', 'latin1')).text()).toThrow(refused);
    expect(() => bodyOf('a', Buffer.from('\xe9', 'latin1')).text()).toThrow(refused);
  });

  it.each([
    [true, ['{"text": "a"}']],
    [true, [' \r\n', '\t', ' {']],
    [false, ['text={']],
    [false, ['  ']],
    [false, ['[1]']],
  ])('is an object of JSON: %j for %j', (isJson, pieces) => {
    expect(bodyOf(...pieces).isJson).toBe(isJson);
  });
});
