/** The one file in a ZIP archive, as a stream. */

import { pipeline } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { SentimentError } from '../errors.ts';
import { foreign } from './foreign.ts';

/** APPNOTE.TXT of PKWARE, sections 4.3.7 (before each file), 4.3.12 (list of files) and 4.3.16 (end of the list). */
const FILE = Buffer.from('PK\x03\x04');
const LISTED = Buffer.from('PK\x01\x02');
const END = Buffer.from('PK\x05\x06');
const END_BYTES = 22;
const STORED = 0;
const DEFLATED = 8;
/** As many of the last bytes are kept as the list of files and a comment normally have. */
const TAIL = 1 << 17;

const UNPACK = 'unpack it (unzip FILE) and name one of its files';

export function isZip(head: Buffer): boolean {
  return head.subarray(0, 4).equals(FILE) || head.subarray(0, 4).equals(END);
}

/**
 * `head` are the first bytes, `chunks` all of them. That there is only one file shows at the end, in the list of files.
 *
 * Throws FILE_FOREIGN for workbooks, encrypted files, rare compressions and several files, FILE_DAMAGED for others.
 */
export function openZip(
  head: Buffer,
  chunks: AsyncIterable<Buffer>,
  name: string,
): { member: string; chunks: AsyncGenerator<Buffer, void> } {
  refuseDocuments(head, name);
  if (head.subarray(0, 4).equals(END)) throw foreign(name, 'a ZIP archive without a file', UNPACK);
  let at = 0;
  for (;;) {
    if (at + 30 > head.length)
      throw at === 0 ? damaged(name) : foreign(name, 'a ZIP archive whose first file is no table', UNPACK);
    if (!head.subarray(at, at + 4).equals(FILE)) throw foreign(name, 'a ZIP archive without a file', UNPACK);
    const size = head.readUInt32LE(at + 18);
    const start = at + 30 + head.readUInt16LE(at + 26) + head.readUInt16LE(at + 28);
    const member = head.toString('utf8', at + 30, at + 30 + head.readUInt16LE(at + 26));
    if (isData(member))
      return { member, chunks: readMember(chunks, { name, start, ...checkedMethod(head, at, name) }) };
    at = start + size;
  }
}

function refuseDocuments(head: Buffer, name: string): void {
  const text = head.toString('latin1', 30);
  const sheet = 'open it in the spreadsheet program and save the sheet as "CSV UTF-8"';
  if (text.startsWith('mimetypeapplication/vnd.oasis')) throw foreign(name, 'an OpenDocument file', sheet);
  if (!/^(\[Content_Types\]\.xml|_rels\/|docProps\/|xl\/|word\/|ppt\/)/.test(text)) return;
  const isSheet = text.includes('xl/') || !/(word|ppt)\//.test(text);
  throw foreign(name, isSheet ? 'an Excel workbook (.xlsx)' : 'an Office document', sheet);
}

/** Folders, and what macOS adds to each file, do not count. */
function isData(member: string): boolean {
  return !member.endsWith('/') && !/(^|\/)(__MACOSX\/|\.DS_Store$)/.test(member);
}

function checkedMethod(head: Buffer, at: number, name: string): { method: number; size: number } {
  const flags = head.readUInt16LE(at + 6);
  const method = head.readUInt16LE(at + 8);
  const size = head.readUInt32LE(at + 18);
  if (flags & 1) throw foreign(name, 'an encrypted ZIP archive', UNPACK);
  const isKnown = method === DEFLATED || (method === STORED && (flags & 8) === 0 && size < 0xffffffff);
  if (!isKnown) throw foreign(name, `a ZIP archive of a rare kind (method ${method})`, UNPACK);
  return { method, size };
}

type Member = { name: string; start: number; method: number; size: number };

async function* readMember(chunks: AsyncIterable<Buffer>, member: Member): AsyncGenerator<Buffer, void> {
  const { name, start, method, size } = member;
  let tail = Buffer.alloc(0);
  let position = 0;
  const iterator = chunks[Symbol.asyncIterator]();
  async function next(): Promise<Buffer | undefined> {
    const step = await iterator.next();
    if (step.done) return undefined;
    tail = Buffer.concat([tail, step.value]);
    if (tail.length > TAIL) tail = tail.subarray(tail.length - TAIL);
    const skip = Math.max(0, start - position);
    position += step.value.length;
    return step.value.subarray(skip);
  }
  async function* body(): AsyncGenerator<Buffer, void> {
    let left = method === STORED ? size : Number.POSITIVE_INFINITY;
    for (let chunk = await next(); chunk && left > 0; chunk = await next()) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
    }
  }
  let sum = 0;
  try {
    for await (const chunk of method === STORED ? body() : inflated(body())) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
    while (await next());
    checkList(tail, sum, name);
  } finally {
    await iterator.return?.();
  }
}

function inflated(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const inflate = createInflateRaw({ chunkSize: TAIL });
  // pipeline destroys inflate with the error, which then reaches its reader.
  pipeline(chunks, inflate, () => {});
  return inflate;
}

function checkList(tail: Buffer, sum: number, name: string): void {
  const end = tail.lastIndexOf(END);
  if (end < 0 || end + END_BYTES > tail.length) throw damaged(name);
  const sums: number[] = [];
  let at = end - tail.readUInt32LE(end + 12);
  if (at < 0) throw foreign(name, 'a ZIP archive of many files', UNPACK);
  while (at + 46 <= end && tail.subarray(at, at + 4).equals(LISTED)) {
    const length = tail.readUInt16LE(at + 28);
    if (isData(tail.toString('utf8', at + 46, at + 46 + length))) sums.push(tail.readUInt32LE(at + 16));
    at += 46 + length + tail.readUInt16LE(at + 30) + tail.readUInt16LE(at + 32);
  }
  if (sums.length > 1) throw foreign(name, `a ZIP archive of ${sums.length} files`, UNPACK);
  if (sums[0] !== sum) throw damaged(name);
}

function damaged(name: string): SentimentError {
  return new SentimentError('FILE_DAMAGED', `${name} is damaged or cut off: its ZIP data is not complete`, {
    next: 'download or create the file again',
  });
}
