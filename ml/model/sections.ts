/**
 * A self-describing binary file of typed arrays, for the model, the vectorizer and the matrices between stages.
 *
 *     8 bytes   "SENTIMNT"
 *     uint32    format version, little-endian
 *     uint32    length of the header in bytes
 *     header    JSON: kind, the caller's fields, and name, type, length and offset of each section
 *     sections  little-endian, each at a multiple of 8
 *     32 bytes  SHA-256 of everything before
 *
 * Loading reads the file once and creates views on it; only the header is parsed.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { SentimentError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { fields, isRecord, list, oneOf, text, whole } from './header.ts';

const MAGIC = 'SENTIMNT';
const FORMAT = 1;
const PREFIX = 16;
const CHECKSUM = 32;
const CHUNK = 1 << 30;

const TYPES = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
};

export type Section =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

type SectionType = keyof typeof TYPES;
type SectionEntry = { name: string; type: SectionType; length: number; offset: number };

export type SectionFile = {
  fields: Record<string, unknown>;
  sections: ReadonlyMap<string, Section>;
  /** SHA-256 of the whole file, hex. */
  digest: string;
  /** Throws MODEL_DAMAGED if the section is missing or of another type. */
  section<T extends Section>(name: string, type: new (length: number) => T): T;
  /** MODEL_DAMAGED with the path, for content that does not fit together. */
  damaged(what: string): SentimentError;
};

/** Replaces `path` in one step. Returns the SHA-256 of the file, hex. */
export function writeSections(
  path: string,
  kind: string,
  fields: Record<string, unknown>,
  sections: ReadonlyMap<string, Section>,
): string {
  const entries: SectionEntry[] = [];
  let offset = 0;
  for (const [name, section] of sections) {
    entries.push({ name, type: typeOf(section), length: section.length, offset });
    offset += padded(section.byteLength);
  }
  const json = Buffer.from(JSON.stringify({ kind, fields, sections: entries }));
  const start = padded(PREFIX + json.length);
  const head = Buffer.alloc(start);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(FORMAT, 8);
  head.writeUInt32LE(json.length, 12);
  json.copy(head, PREFIX);

  return writeAtomically(path, (file) => {
    const hash = createHash('sha256');
    write(file, head, hash);
    for (const section of sections.values()) {
      write(file, new Uint8Array(section.buffer, section.byteOffset, section.byteLength), hash);
      write(file, new Uint8Array(padded(section.byteLength) - section.byteLength), hash);
    }
    write(file, hash.copy().digest(), hash);
    return hash.digest('hex');
  });
}

/** Throws MODEL_MISSING, MODEL_DAMAGED or MODEL_VERSION. */
export function readSections(path: string, kind: string): SectionFile {
  const bytes = readWhole(path);
  const damaged = (what: string, next = 'create the file again: it was cut short or changed after it was written') =>
    new SentimentError('MODEL_DAMAGED', `${path} is damaged: ${what}`, { next });
  const tooShort = `its ${bytes.length} bytes are too few for a header`;
  if (bytes.length < PREFIX) throw damaged(tooShort);
  const view = Buffer.from(bytes.buffer, 0, bytes.length);
  if (view.toString('latin1', 0, 8) !== MAGIC) {
    throw damaged(
      'it does not start like a file of this project',
      `give the path of a ${kind} file that this project wrote`,
    );
  }
  if (bytes.length < PREFIX + CHECKSUM) throw damaged(tooShort);
  const format = view.readUInt32LE(8);
  if (format !== FORMAT) {
    throw new SentimentError('MODEL_VERSION', `${path} has format ${format}; this program reads format ${FORMAT}`, {
      next: 'train it again, or use the program version that wrote it',
    });
  }
  const hash = createHash('sha256').update(view.subarray(0, -CHECKSUM));
  if (!hash.copy().digest().equals(view.subarray(-CHECKSUM))) throw damaged('its checksum does not match its content');
  const digest = hash.update(view.subarray(-CHECKSUM)).digest('hex');
  const header = parseHeader(view, damaged);
  if (header.kind !== kind)
    throw damaged(`it holds a ${header.kind}, not a ${kind}`, `give the path of a ${kind} file`);
  const start = padded(PREFIX + view.readUInt32LE(12));
  const sections = new Map<string, Section>();
  let free = 0;
  for (const { name, type, length, offset } of header.sections) {
    if (offset < free || offset % 8 !== 0) throw damaged(`section ${name} begins inside another or between two words`);
    free = offset + length * TYPES[type].BYTES_PER_ELEMENT;
    if (start + free > bytes.length - CHECKSUM) throw damaged(`section ${name} goes beyond the end of the file`);
    if (sections.has(name)) throw damaged(`it has two sections ${name}`);
    sections.set(name, new TYPES[type](bytes.buffer, start + offset, length));
  }
  return {
    fields: header.fields,
    sections,
    digest,
    section(name, type) {
      const found = sections.get(name);
      if (!(found instanceof type)) throw damaged(`section ${name} is missing or has another type`);
      return found;
    },
    damaged,
  };
}

type Header = { kind: string; fields: Record<string, unknown>; sections: SectionEntry[] };

const headerCheck = fields({
  kind: text,
  fields: (value) => (isRecord(value) ? undefined : 'fields is not an object'),
  sections: list(fields({ name: text, type: oneOf(...Object.keys(TYPES)), length: whole(0), offset: whole(0) })),
});

function parseHeader(view: Buffer, damaged: (what: string) => SentimentError): Header {
  const end = PREFIX + view.readUInt32LE(12);
  if (end > view.length - CHECKSUM) throw damaged('its header goes beyond the end of the file');
  let header: unknown;
  try {
    header = JSON.parse(view.toString('utf8', PREFIX, end));
  } catch {
    throw damaged('its header is not JSON');
  }
  const wrong = headerCheck(header, '');
  if (wrong !== undefined) throw damaged(`in its header, ${wrong}`);
  return header as Header;
}

function readWhole(path: string): Uint8Array<ArrayBuffer> {
  let file: number;
  try {
    // A pipe is opened without waiting for its writer, and refused below.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new SentimentError('MODEL_MISSING', `cannot open ${path}`, {
      cause,
      next: 'check the path, or create the file first with make pipeline or sentiment train',
    });
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is not a regular file');
    // A large file of another kind is told by its start, before there is memory for all of it.
    const start = Buffer.alloc(Math.min(PREFIX, stats.size));
    readSync(file, start, 0, start.length, 0);
    if (start.toString('latin1', 0, 8) !== MAGIC) return Uint8Array.from(start);
    const bytes = Buffer.allocUnsafeSlow(stats.size);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(file, bytes, at, Math.min(CHUNK, bytes.length - at), at);
      if (read === 0) return bytes.slice(0, at);
      at += read;
    }
    return bytes;
  } catch (cause) {
    throw new SentimentError('MODEL_MISSING', `cannot read ${path}`, {
      cause,
      next: 'give the path of a regular file that fits into memory, not of a folder or a pipe',
    });
  } finally {
    closeSync(file);
  }
}

function write(file: number, bytes: Uint8Array, hash: Hash): void {
  for (let at = 0; at < bytes.length; ) {
    const part = bytes.subarray(at, at + CHUNK);
    const written = writeSync(file, part);
    hash.update(part.subarray(0, written));
    at += written;
  }
}

function typeOf(section: Section): SectionType {
  for (const [type, array] of Object.entries(TYPES)) {
    if (section instanceof array) return type as SectionType;
  }
  throw new TypeError('this format does not support that typed array');
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
