/** Artifacts with a right checksum that this program never wrote: each is refused with a sentence. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportTrust } from '../../tests/support/trust_report.ts';
import type { Review } from '../corpus/review.ts';
import { readParams } from '../params.ts';
import { trainModel } from '../training.ts';
import { readModel, saveModel } from './artifact.ts';
import { readSections, type Section, writeSections } from './sections.ts';
import { loadVectorizer } from './vectorizer_file.ts';

const KIND = 'sentiment model';
const folder = mkdtempSync(join(tmpdir(), 'crafted-'));
const sound = join(folder, 'sound.bin');
const crafted = join(folder, 'crafted.bin');

beforeAll(() => {
  const reviews: Review[] = Array.from({ length: 40 }, (_, i) => {
    const label = (i % 2) as 0 | 1;
    return { id: `${i}`, label, text: `a ${label ? 'good' : 'bad'} film, number ${i}` };
  });
  saveModel(sound, trainModel(reviews, readParams('ml/testdata/params.yaml')).parts);
});
let refused = 0;
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  const all = fields.length + arrays.length + headers.length + files.length;
  reportTrust('Artifacts', {
    attempt: 'crafted artifacts with a right checksum',
    figure: `${refused} of ${all} kinds are refused with a sentence`,
    holds: refused === all,
  });
});

const isRefused = (message: RegExp) =>
  expect.objectContaining({ code: 'MODEL_DAMAGED', message: expect.stringMatching(message) });

/** [path of the field, value]; an undefined value leaves the field out. */
const fields: [string, unknown][] = [
  ['normalize', undefined],
  ['normalize.lowercase', 'yes'],
  ['normalize.unicode_form', 'NFXX'],
  ['vectorizer', []],
  ['vectorizer.tokenizer', 'constructor'],
  ['vectorizer.stemmer', '../../evil'],
  ['vectorizer.stopwords', 1],
  ['vectorizer.negation_scope', 1e9],
  ['vectorizer.negation_scope', 2.5],
  ['vectorizer.negation_weight', null],
  ['vectorizer.contrast_weight', -1],
  ['vectorizer.word', 'none'],
  ['vectorizer.word.ngrams', [1]],
  ['vectorizer.word.ngrams', [2, 1]],
  ['vectorizer.word.ngrams', [1, 2, 3]],
  ['vectorizer.word.ngrams[0]', 0],
  ['vectorizer.word.weighting', 'bm25'],
  ['vectorizer.word.sublinear_tf', 0],
  ['vectorizer.word.norm', undefined],
  ['intercept', null],
  ['intercept', 1e300],
  ['calibration', undefined],
  ['calibration.slope', '1'],
  ['calibration.offset', null],
  ['facts', undefined],
  ['facts.dataDigest', 7],
  ['facts.source', { toString: 'x' }],
  ['facts.trainingTexts', -1],
  ['facts.trainingTexts', 'many'],
  ['facts.params', []],
  ['facts.metrics', { accuracy: 'high' }],
  ['facts.gitCommit', 1],
  ['facts.runId', null],
  ['facts.modelName', ['a']],
  ['facts.trainedAt', 'yesterday'],
  ['profile', null],
  ['profile.version', 'one'],
  ['profile.length', null],
  ['profile.length.bounds', [3, 2, 1]],
  ['profile.length.counts', [1]],
  ['profile.unknown_share.counts[0]', -1],
  ['profile.unknown_share.bounds', 'none'],
  ['profile.probability.counts[0]', 0.5],
  ['profile.mean_confidence', 2],
  ['normalize.rules', 3],
  ['vectorizer.rules', 0],
  ['vectorizer.char', { ngrams: [1, 2] }],
  ['classes', ['a', 'b']],
  ['classes', { names: ['a'], ordered: true }],
  ['classes', { names: ['a', 'a'], ordered: true }],
  ['classes', { names: ['', 'b'], ordered: true }],
  ['classes', { names: ['a\n# HELP', 'b'], ordered: true }],
  ['classes', { names: ['a', 'b'.repeat(1001)], ordered: true }],
  ['classes', { names: Array.from({ length: 101 }, (_, i) => `${i}`), ordered: true }],
  ['decision', 'always'],
  ['decision.threshold', { class: 2, above: 0.5 }],
  ['decision.threshold', { class: 0, above: 1.5 }],
  ['decision.costs', [[0, 1]]],
  ['decision.conformal', { coverage: 2, least: 0 }],
  ['facts.domains', { films: -1 }],
  ['facts.source', 'x'.repeat(10_001)],
  ['facts.trainedAt', { valueOf: 0 }],
  ['fingerprints', []],
  ['self_test', 'passed'],
  ['self_test', { version: 1, texts: [7] }],
  ['self_test', { version: 1, texts: Array(101).fill('a') }],
  ['self_test', { version: 1, texts: ['a'.repeat(10_001)] }],
];

/** Changes one section; what is returned replaces it. */
const arrays: [string, string, (section: Section) => Section][] = [
  ['a weight that is not a number', 'weights', (weights) => weights.fill(Number.NaN, 3, 4)],
  ['an infinite weight', 'weights', (weights) => weights.fill(Number.POSITIVE_INFINITY, 0, 1)],
  ['a weight too few', 'weights', (weights) => weights.slice(1)],
  ['weights of another type', 'weights', (weights) => Float64Array.from(weights)],
  ['an idf that is not a number', 'word.idf', (idf) => idf.fill(Number.NaN, 0, 1)],
  ['an idf below 0', 'word.idf', (idf) => idf.fill(-1, -1)],
  ['an idf too few', 'word.idf', (idf) => idf.slice(1)],
  ['a column too many', 'word.idf_of', (of) => Uint16Array.of(...of, 0)],
  ['an idf out of range', 'char.idf_of', (of) => of.fill(60_000, 0, 1)],
  ['a word without letters', 'words.lengths', (lengths) => lengths.fill(0, 1, 2)],
  ['words cut short', 'words.codes', (codes) => codes.slice(0, -1)],
  ['letters without a word', 'words.lengths', (lengths) => lengths.slice(0, -1)],
  ['a word given twice', 'words.codes', (codes) => codes.fill(97)],
  ['a word without a column', 'word.columns', (columns) => columns.slice(1)],
  ['a column given twice', 'word.columns', (columns) => columns.fill(0, 1, 2)],
  ['a column below -1', 'word.columns', (columns) => columns.fill(-2, 0, 1)],
  ['a column out of range', 'word.columns', (columns) => columns.fill(1e9, 0, 1)],
  ['a column left out', 'word.columns', (columns) => columns.fill(-1, columns.indexOf(0), columns.indexOf(0) + 1)],
  ['half a pair', 'word.pairs', (pairs) => pairs.slice(0, -1)],
  ['a pair without a column', 'word.pairs', (pairs) => pairs.fill(-1, 2, 3)],
  ['a pair with a column out of range', 'char.pairs', (pairs) => pairs.fill(1e9, -1)],
  ['a pair of an unknown word', 'word.pairs', (pairs) => pairs.fill(1e6, 1, 2)],
  ['a pair that begins with an unknown word', 'word.pairs', (pairs) => pairs.fill(1e6, 0, 1)],
  ['a pair that ends with a pair', 'word.pairs', (pairs) => pairs.fill(-1, 1, 2)],
  ['a pair that continues itself', 'char.pairs', (pairs) => pairs.fill(-1, 0, 1)],
  ['a pair of an unknown beginning', 'char.pairs', (pairs) => pairs.fill(-1e9, 9, 10)],
  ['a pair that begins with a code', 'char.pairs', (pairs) => pairs.fill(97, 0, 1)],
  ['a code that is none', 'char.pairs', (pairs) => pairs.fill(1 << 16, 1, 2)],
  ['a pair given twice', 'char.pairs', (pairs) => pairs.fill(0, 3, 4).fill(pairs[1], 4, 5)],
];

/** Text to write in place of the header. */
class Raw {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
}
const inJson = (from: string, to: string) => (header: Record<string, unknown>) =>
  new Raw(JSON.stringify(header).replace(from, to));

/** The file with `header` and a right checksum. */
function withHeader(change: (header: Record<string, unknown>) => unknown, length?: number): void {
  const bytes = readFileSync(sound);
  const end = 16 + bytes.readUInt32LE(12);
  const header = JSON.parse(bytes.toString('utf8', 16, end)) as Record<string, unknown>;
  const changed = change(header);
  const json = Buffer.from(changed instanceof Raw ? changed.json : JSON.stringify(changed));
  const head = Buffer.alloc(Math.ceil((16 + json.length) / 8) * 8);
  bytes.copy(head, 0, 0, 12);
  head.writeUInt32LE(length ?? json.length, 12);
  json.copy(head, 16);
  const content = Buffer.concat([head, bytes.subarray(Math.ceil(end / 8) * 8, -32)]);
  writeFileSync(crafted, Buffer.concat([content, createHash('sha256').update(content).digest()]));
}

type Entry = { name: unknown; type: unknown; length: unknown; offset: unknown };
const withSection = (change: Partial<Entry>) => (header: Record<string, unknown>) => {
  const [first, ...others] = header.sections as Entry[];
  return { ...header, sections: [first, { ...others[0], ...change }, ...others.slice(1)] };
};

const headers: [string, (header: Record<string, unknown>) => unknown, number?][] = [
  ['a header that is null', () => null],
  ['a header that is a list', () => []],
  ['a header longer than the file', (header) => header, 0xffffffff],
  ['no sections', (header) => ({ ...header, sections: undefined })],
  ['sections that are no list', (header) => ({ ...header, sections: 1 })],
  ['a section that is null', (header) => ({ ...header, sections: [null] })],
  ['no fields', (header) => ({ ...header, fields: null })],
  ['another kind', (header) => ({ ...header, kind: 'vectorizer' })],
  ['a kind that is no text', (header) => ({ ...header, kind: {} })],
  ['a section without a name', withSection({ name: undefined })],
  ['a name given twice', withSection({ name: 'words.codes' })],
  ['an unknown type', withSection({ type: 'constructor' })],
  ['a huge length', withSection({ length: 2 ** 52 })],
  ['a length below 0', withSection({ length: -1 })],
  ['a length that is no whole number', withSection({ length: 1.5 })],
  ['an offset beyond the file', withSection({ offset: 2 ** 40 })],
  ['an offset below 0', withSection({ offset: -8 })],
  ['an offset between two words', withSection({ offset: 3 })],
  ['sections that overlap', withSection({ offset: 0 })],
  ['a hole between sections', withSection({ offset: 2 ** 20 })],
  ['a signature in between', withSection({ name: 'signature' })],
  [
    'a signature of another length',
    (header) => ({
      ...header,
      sections: [
        ...(header.sections as Entry[]).slice(0, -1),
        { ...(header.sections as Entry[]).at(-1), name: 'signature' },
      ],
    }),
  ],
  [
    'settings nested deeper than the stack',
    inJson('"lowercase":true', `"lowercase":${'['.repeat(1e5)}${']'.repeat(1e5)}`),
  ],
  ['a number that is infinite', inJson('"offset":', '"offset":1e999,"was":')],
  ['a prototype', inJson('"normalize":{', '"normalize":{"__proto__":{"lowercase":true},"was":{')],
  ['no JSON', inJson('{', '')],
];

/** The beginning of a file whose rest is a hole in the disk. */
function withHole(start: Buffer, size: number): void {
  writeFileSync(crafted, start);
  truncateSync(crafted, size);
}

/** The sound file's header, of which `size` bytes go to weights. */
function hugeWeights(size: number): void {
  withHeader((header) => {
    const entries = header.sections as Entry[];
    return {
      ...header,
      sections: [
        ...entries.filter(({ name }) => name !== 'self_test'),
        { name: 'huge', type: 'u8', length: size, offset: 2 ** 20 },
      ],
    };
  });
  const start = readFileSync(crafted);
  const end = Math.ceil((16 + start.readUInt32LE(12)) / 8) * 8;
  withHole(start, end + 2 ** 20 + size + 32);
}

const MAGIC = Buffer.from('SENTIMNT');
const files: [string, () => void, string, RegExp][] = [
  [
    'larger than a model may be',
    () => hugeWeights(2 ** 32),
    'MODEL_TOO_LARGE',
    /takes 4,29\d MB, and the limit is 2,148 MB$/,
  ],
  ['a large file of another kind', () => withHole(Buffer.from('PK'), 2 ** 40), 'MODEL_DAMAGED', /does not start like/],
  ['a large file without a header', () => withHole(MAGIC, 2 ** 40), 'MODEL_VERSION', /has format 0/],
  [
    'mostly a header',
    () => withHole(Buffer.concat([MAGIC, Buffer.from([1, 0, 0, 0]), Buffer.from([0, 0, 0, 0x7f])]), 2 ** 32),
    'MODEL_DAMAGED',
    /its header has 2130706432 bytes/,
  ],
  [
    'longer than its header says',
    () => withHole(readFileSync(sound), 2 ** 30),
    'MODEL_DAMAGED',
    /the file has \d+ for them$/,
  ],
  ['empty', () => writeFileSync(crafted, ''), 'MODEL_DAMAGED', /its 0 bytes are too few/],
];

describe('a crafted artifact is refused', () => {
  it.each(fields)('if %s is %.80j', (path, value) => {
    const { fields: given, sections } = readSections(sound, KIND);
    const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
    let holder = given;
    for (const key of keys.slice(0, -1)) {
      holder[key] ??= {};
      holder = holder[key] as Record<string, unknown>;
    }
    holder[keys.at(-1)!] = value;
    writeSections(crafted, KIND, given, sections);
    expect(() => readModel(crafted)).toThrow(isRefused(new RegExp(`in its header, ${keys[0]}.* is `)));
    refused++;
  });

  it.each(arrays)('with %s', (_, name, change) => {
    const { fields: given, sections } = readSections(sound, KIND);
    const section = sections.get(name)!;
    writeSections(crafted, KIND, given, new Map([...sections, [name, change(section)]]));
    expect(() => readModel(crafted)).toThrow(isRefused(/is damaged: \S+/));
    refused++;
  });

  it.each(headers)('with %s', (_, change, length) => {
    withHeader(change, length);
    expect(() => readModel(crafted)).toThrow(isRefused(/is damaged: \S+/));
    refused++;
  });

  it.each(files)('that is %s, before its bytes are read', (_, write, code, message) => {
    write();
    const before = process.memoryUsage().arrayBuffers;
    expect(() => readModel(crafted)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40e6);
    refused++;
  });

  it('if both kinds of n-grams are left out', () => {
    const { fields: given, sections } = readSections(sound, KIND);
    const vectorizer = { ...(given.vectorizer as object), word: null, char: null };
    writeSections(crafted, KIND, { ...given, vectorizer }, sections);
    expect(() => readModel(crafted)).toThrow(isRefused(/settings with word or char n-grams/));
  });
});

it('the sound artifact, written again in the same way, is loaded', () => {
  withHeader((header) => header);
  expect(readModel(crafted).predict('a good film')).toEqual(readModel(sound).predict('a good film'));
});

it('a vectorizer without settings is refused', () => {
  writeSections(crafted, 'vectorizer', {}, new Map());
  expect(() => loadVectorizer(crafted)).toThrow(isRefused(/in its header, settings is missing/));
});

it('a pipe and a device are refused at once', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of [pipe, '/dev/zero']) {
    expect(() => readModel(path)).toThrow(
      expect.objectContaining({ code: 'MODEL_MISSING', message: expect.stringContaining(path) }),
    );
  }
});
