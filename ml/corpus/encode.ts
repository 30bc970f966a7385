/** UTF-8 in the encoding that a table came in, so that it goes out as it came. */
import { SentimentError } from '../errors.ts';

export type Encode = (utf8: Buffer) => Buffer;

/**
 * `encoding` is a name as TextDecoder spells it. undefined if there is no encoder for it: a legacy encoding of several bytes
 * a character. The function throws CELL_UNWRITABLE for a character that the encoding does not have.
 */
export function encoderOf(encoding: string): Encode | undefined {
  if (encoding === 'utf-8') return (utf8) => utf8;
  if (encoding === 'utf-16le') return (utf8) => Buffer.from(utf8.toString(), 'utf16le');
  if (encoding === 'utf-16be') return (utf8) => Buffer.from(utf8.toString(), 'utf16le').swap16();
  if (!/^(windows-|iso-8859-|koi8-|mac|x-mac-|ibm866)/.test(encoding)) return undefined;
  const byteOf = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const char = decodeByte(byte, encoding);
    if (char !== undefined) byteOf.set(char, byte);
  }
  return (utf8) => {
    const text = utf8.toString();
    // Nothing but ASCII, which these encodings share.
    if (text.length === utf8.length) return utf8;
    const bytes = Buffer.allocUnsafe(text.length);
    for (let i = 0; i < text.length; i++) {
      const byte = byteOf.get(text[i]);
      if (byte === undefined) throw unwritable(text, i, encoding);
      bytes[i] = byte;
    }
    return bytes;
  };
}

function decodeByte(byte: number, encoding: string): string | undefined {
  try {
    // As a stream, like the reader of tables.
    return new TextDecoder(encoding, { fatal: true }).decode(Buffer.of(byte), { stream: true });
  } catch {
    return undefined;
  }
}

function unwritable(text: string, at: number, encoding: string): SentimentError {
  const char = JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0));
  return new SentimentError('CELL_UNWRITABLE', `${encoding}, the encoding of the table, does not have ${char}`, {
    next: 'give the added columns other names, or write another format, which is UTF-8',
  });
}
