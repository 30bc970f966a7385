import { expect, it } from 'vitest';
import { encoderOf } from './encode.ts';

const ISO = [2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16].map((part) => `iso-8859-${part}`);
const WINDOWS = [874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map((page) => `windows-${page}`);
const OTHER = ['koi8-r', 'koi8-u', 'macintosh', 'x-mac-cyrillic', 'ibm866'];

it.each([...ISO, ...WINDOWS, ...OTHER])('every byte of %s that has a meaning comes back', (encoding) => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => {
    return new TextDecoder(encoding).decode(Buffer.of(byte)) !== '\ufffd';
  });
  const text = new TextDecoder(encoding, { fatal: true }).decode(Buffer.from(bytes), { stream: true });
  expect([...(encoderOf(encoding)?.(Buffer.from(text)) ?? [])]).toEqual(bytes);
});

it('knows both orders of UTF-16, and no encoder for Shift JIS', () => {
  expect(encoderOf('utf-16le')?.(Buffer.from('\ufeffé😀'))).toEqual(Buffer.from('fffee9003dd800de', 'hex'));
  expect(encoderOf('utf-16be')?.(Buffer.from('\ufeffé'))).toEqual(Buffer.from('feff00e9', 'hex'));
  expect(encoderOf('shift_jis')).toBeUndefined();
});

it('names a character that the encoding does not have', () => {
  expect(() => encoderOf('windows-1252')?.(Buffer.from('a😀'))).toThrow(
    'windows-1252, the encoding of the table, does not have "😀"',
  );
});
