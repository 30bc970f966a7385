/**
 * A self-describing binary file of typed arrays, for the model, the vectorizer and the matrices between stages.
 *
 *     8 bytes   "SENTIMNT"
 *     uint32    format version, little-endian
 *     uint32    length of the header in bytes
 *     header    JSON: kind, the caller's fields, and name, type, length and offset of each section
 *     sections  little-endian, each at a multiple of 8; the last one may be a signature of everything before it
 *     32 bytes  SHA-256 of everything before
 *
 * Loading reads the file once and creates views on it; only the header is parsed. The header has to describe a file of exactly
 * this size before memory is taken for the rest. Threads can have views on the same memory (SharedBytes).
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { SentimentError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { fields, isRecord, list, oneOf, text, whole } from './header.ts';

const MAGIC = 'SENTIMNT';
/** Format 1 had vectorizers of another kind; see old_vectorizer_file.ts. */
const FORMAT = 2;
const FORMATS = [1, FORMAT];
const PREFIX = 16;
const CHECKSUM = 32;
const CHUNK = 1 << 30;
/** Section of 64 bytes, the last one. */
const SIGNATURE = 'signature';
const SIGNATURE_BYTES = 64;
/** Those of real models have a few kilobytes. */
const MOST_HEADER_BYTES = 16 * 1024 * 1024;

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
  format: number;
  fields: Record<string, unknown>;
  sections: ReadonlyMap<string, Section>;
  /** SHA-256 of the whole file, hex. */
  digest: string;
  /** The signature, and what was signed: the SHA-256 of everything before it. */
  signed?: { signature: Uint8Array; digest: Uint8Array } | undefined;
  /** Throws MODEL_DAMAGED if the section is missing or of another type. */
  section<T extends Section>(name: string, type: new (length: number) => T): T;
  /** MODEL_DAMAGED with the path, for content that does not fit together. */
  damaged(what: string): SentimentError;
};

/** Replaces `path` in one step. `sign` makes the signature. Returns the SHA-256 of the file, hex. */
export function writeSections(
  path: string,
  kind: string,
  fields: Record<string, unknown>,
  sections: ReadonlyMap<string, Section>,
  sign?: (digest: Uint8Array) => Uint8Array<ArrayBuffer>,
): string {
  const all = sign ? new Map([...sections, [SIGNATURE, new Uint8Array(SIGNATURE_BYTES)]]) : sections;
  const entries: SectionEntry[] = [];
  let offset = 0;
  for (const [name, section] of all) {
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
    if (sign) write(file, sign(hash.copy().digest()), hash);
    write(file, hash.copy().digest(), hash);
    return hash.digest('hex');
  });
}

/** The bytes of a file in memory that threads share: set by the first reader, and used by those that are given it then. */
export type SharedBytes = { bytes?: SharedArrayBuffer };

/** `most` is the largest size in bytes. Throws MODEL_MISSING, MODEL_DAMAGED, MODEL_VERSION or MODEL_TOO_LARGE. */
export function readSections(
  path: string,
  kind: string,
  most = Number.MAX_SAFE_INTEGER,
  shared?: SharedBytes,
): SectionFile {
  const damaged: Damaged = (what, next = 'create the file again: it was cut short or changed after it was written') =>
    new SentimentError('MODEL_DAMAGED', `${path} is damaged: ${what}`, { next });
  const isLoaded = shared?.bytes !== undefined;
  return (isLoaded ? withBytes(shared.bytes!) : withFile(path))((size, read) => {
    const head = readHead(read, size, damaged);
    const format = head.readUInt32LE(8);
    if (!FORMATS.includes(format)) {
      const read = FORMATS.join(' and ');
      throw new SentimentError('MODEL_VERSION', `${path} has format ${format}; this program reads ${read}`, {
        next: 'train it again, or use the program version that wrote it',
      });
    }
    const header = parseHeader(head, damaged);
    if (header.kind !== kind)
      throw damaged(`it holds a ${header.kind}, not a ${kind}`, `give the path of a ${kind} file`);
    const start = padded(head.length);
    const isSigned = checkPlaces(header.sections, size - start - CHECKSUM, damaged);
    checkRoom(path, size, most);
    const bytes = memoryFor(size, shared);
    if (!isLoaded) {
      head.copy(bytes);
      read(bytes, head.length);
    }

    const signatureAt = size - CHECKSUM - (isSigned ? SIGNATURE_BYTES : 0);
    const hash = createHash('sha256').update(bytes.subarray(0, signatureAt));
    const signed = isSigned
      ? { signature: bytes.subarray(signatureAt, -CHECKSUM), digest: hash.copy().digest() }
      : undefined;
    hash.update(bytes.subarray(signatureAt, -CHECKSUM));
    if (!hash.copy().digest().equals(bytes.subarray(-CHECKSUM)))
      throw damaged('its checksum does not match its content');
    const digest = hash.update(bytes.subarray(-CHECKSUM)).digest('hex');
    const sections = new Map<string, Section>(
      header.sections.map(({ name, type, length, offset }) => [
        name,
        // Nobody asks whether it is shared: what is read from a file is never written to.
        new TYPES[type](bytes.buffer as ArrayBuffer, start + offset, length),
      ]),
    );
    return {
      format,
      fields: header.fields,
      sections,
      digest,
      signed,
      section(name, type) {
        const found = sections.get(name);
        if (!(found instanceof type)) throw damaged(`section ${name} is missing or has another type`);
        return found;
      },
      damaged,
    };
  });
}

function memoryFor(size: number, shared: SharedBytes | undefined): Buffer {
  if (!shared) return Buffer.allocUnsafeSlow(size);
  shared.bytes ??= new SharedArrayBuffer(size);
  return Buffer.from(shared.bytes);
}

type Damaged = (what: string, next?: string) => SentimentError;

type Header = { kind: string; fields: Record<string, unknown>; sections: SectionEntry[] };

const headerCheck = fields({
  kind: text,
  fields: (value) => (isRecord(value) ? undefined : 'fields is not an object'),
  sections: list(fields({ name: text, type: oneOf(...Object.keys(TYPES)), length: whole(0), offset: whole(0) })),
});

/** The first bytes, and the header that they announce. A large file of another kind is told by its start. */
function readHead(read: Read, size: number, damaged: Damaged): Buffer<ArrayBuffer> {
  const prefix = Buffer.alloc(Math.min(PREFIX, size));
  read(prefix, 0);
  const tooShort = `its ${size} bytes are too few for a header`;
  if (prefix.length < PREFIX) throw damaged(tooShort);
  if (prefix.toString('latin1', 0, 8) !== MAGIC) {
    throw damaged('it does not start like a file of this project', 'give the path of a file that this project wrote');
  }
  if (size < PREFIX + CHECKSUM) throw damaged(tooShort);
  const length = prefix.readUInt32LE(12);
  if (PREFIX + length > size - CHECKSUM) throw damaged('its header goes beyond the end of the file');
  if (length > MOST_HEADER_BYTES)
    throw damaged(`its header has ${length} bytes, more than the ${MOST_HEADER_BYTES} of any model`);
  const head = Buffer.alloc(PREFIX + length);
  prefix.copy(head);
  read(head, PREFIX);
  return head;
}

function parseHeader(head: Buffer, damaged: Damaged): Header {
  let header: unknown;
  try {
    header = JSON.parse(head.toString('utf8', PREFIX));
  } catch {
    throw damaged('its header is not JSON');
  }
  const wrong = headerCheck(header, '');
  if (wrong !== undefined) throw damaged(`in its header, ${wrong}`);
  return header as Header;
}

/** The sections have to lie one after another and fill `room` bytes. Returns whether the last one is a signature. */
function checkPlaces(sections: readonly SectionEntry[], room: number, damaged: Damaged): boolean {
  const names = new Set<string>();
  let free = 0;
  for (const { name, type, length, offset } of sections) {
    if (offset < free || offset % 8 !== 0) throw damaged(`section ${name} begins inside another or between two words`);
    free = offset + length * TYPES[type].BYTES_PER_ELEMENT;
    if (free > room) throw damaged(`section ${name} goes beyond the end of the file`);
    if (names.has(name)) throw damaged(`it has two sections ${name}`);
    names.add(name);
  }
  if (padded(free) !== room) throw damaged(`its sections have ${free} bytes, and the file has ${room} for them`);
  if (!names.has(SIGNATURE)) return false;
  const last = sections[sections.length - 1];
  const isSound = last.name === SIGNATURE && last.type === 'u8' && last.length === SIGNATURE_BYTES;
  if (!isSound) throw damaged(`its signature is not the last section, or not of ${SIGNATURE_BYTES} bytes`);
  return true;
}

function checkRoom(path: string, size: number, most: number): void {
  const room = process.availableMemory();
  if (size <= most && size <= room) return;
  const limit = size > most ? `the limit is ${megabytes(most)}` : `this process may use ${megabytes(room)} more`;
  throw new SentimentError('MODEL_TOO_LARGE', `${path} takes ${megabytes(size)}, and ${limit}`, {
    next: 'check that it is the right file, or give the process more memory',
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}

/** Fills `into` from `at` on with what stands there. */
type Read = (into: Uint8Array, at: number) => void;

function withBytes(shared: SharedArrayBuffer): <T>(use: (size: number, read: Read) => T) => T {
  const bytes = Buffer.from(shared);
  return (use) => use(bytes.length, (into, at) => void bytes.copy(into, at, at, into.length));
}

/** Gives `use` the size of the file and its bytes. Throws MODEL_MISSING if it cannot be opened or read. */
function withFile(path: string): <T>(use: (size: number, read: Read) => T) => T {
  return (use) => useFile(path, use);
}

function useFile<T>(path: string, use: (size: number, read: Read) => T): T {
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
    return use(stats.size, (into, at) => readInto(file, into, at));
  } catch (cause) {
    if (cause instanceof SentimentError) throw cause;
    throw new SentimentError('MODEL_MISSING', `cannot read ${path}`, {
      cause,
      next: 'give the path of a regular file that fits into memory, not of a folder or a pipe',
    });
  } finally {
    closeSync(file);
  }
}

/** Fills `bytes` from `at` on with what stands there in the file. */
function readInto(file: number, bytes: Uint8Array, at: number): void {
  for (let i = at; i < bytes.length; ) {
    const read = readSync(file, bytes, i, Math.min(CHUNK, bytes.length - i), i);
    if (read === 0) throw new Error('it became shorter while it was read');
    i += read;
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
