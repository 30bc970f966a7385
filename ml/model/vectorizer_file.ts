/**
 * Stores a vectorizer as sections of typed arrays, and restores it (docs/engine.md).
 *
 *     words.codes    u16   letters of all words, one word after another
 *     words.lengths  u8    of each word
 *     word.columns   i32   of each word: its column, or -1
 *     word.pairs     i32   of each pair: left, right, column or -1; see pairs.ts
 *     word.idf_of    u16   of each column: the place of its idf in word.idf
 *     word.idf       f64
 *
 * Characters have char.pairs, char.idf_of and char.idf. A lexicon has polarity.size (u32), the number of its words, which come
 * first. Hashed n-grams (features/hashed.ts) have only hashed_word.idf_of and so on. Hash tables are built when the file is loaded: that takes less time
 * than to read and check their bytes. Files of format 1 are in old_vectorizer_file.ts.
 */
import { Block, type Idf } from '../features/block.ts';
import { CharNgrams, WordNgrams } from '../features/ngrams.ts';
import { Pairs, RECORD } from '../features/pairs.ts';
import { hashedNgrams, lexiconBlock, Vectorizer, type VectorizerSettings } from '../features/vectorizer.ts';
import { Words } from '../text/words.ts';
import { vectorizerSettings } from './header.ts';
import { vectorizerOfFormat1 } from './old_vectorizer_file.ts';
import { readSections, type Section, type SectionFile, writeSections } from './sections.ts';

export function vectorizerSections({ words, blocks }: Vectorizer): Map<string, Section> {
  const lengths = Uint8Array.from({ length: words.size }, (_, id) => words.letters(id).length);
  const codes = new Uint16Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (let id = 0; id < words.size; at += lengths[id++]) codes.set(words.letters(id), at);
  const sections = new Map<string, Section>([
    ['words.codes', codes],
    ['words.lengths', lengths],
  ]);
  for (const { ngrams, idf } of blocks) {
    const { unit } = ngrams;
    if (unit === 'polarity') {
      sections.set('polarity.size', Uint32Array.of(ngrams.size));
      continue;
    }
    if (unit === 'word') {
      sections.set(
        'word.columns',
        Int32Array.from({ length: words.size }, (_, id) => ngrams.columnOf(id)),
      );
    }
    if (unit === 'word' || unit === 'char') sections.set(`${unit}.pairs`, ngrams.pairs.records);
    sections.set(`${unit}.idf_of`, idf.of);
    sections.set(`${unit}.idf`, idf.values);
  }
  return sections;
}

/** Throws MODEL_DAMAGED if a section is missing, or has a length or a value that it cannot have. */
export function vectorizerFromSections(file: SectionFile, settings: VectorizerSettings): Vectorizer {
  if (file.format === 1) return vectorizerOfFormat1(file, settings);
  const words = readWords(file);
  const blocks: Block[] = [];
  const { hashing } = settings;
  if (hashing !== undefined) {
    for (const unit of ['word', 'char'] as const) {
      const block = settings[unit];
      if (block === null) continue;
      const idf = readIdf(file, `hashed_${unit}`);
      if (idf.of.length !== hashing)
        throw file.damaged(`it has ${idf.of.length} hashed columns in place of ${hashing}`);
      blocks.push(new Block(block, hashedNgrams(`hashed_${unit}`, block, words, hashing), idf));
    }
  }
  if (hashing === undefined && settings.word) {
    const columns = file.section('word.columns', Int32Array);
    if (columns.length !== words.size) throw file.damaged(`it has ${columns.length} columns for ${words.size} words`);
    const idf = readIdf(file, 'word');
    const pairs = readPairs(file, 'word', { left: words.size, right: words.size }, idf, columns);
    const ngrams = new WordNgrams(settings.word.ngrams, words, { columns, pairs, size: idf.of.length });
    blocks.push(new Block(settings.word, ngrams, idf));
  }
  if (hashing === undefined && settings.char) {
    const idf = readIdf(file, 'char');
    const pairs = readPairs(file, 'char', { left: 1, right: 1 << 16 }, idf, new Int32Array(0));
    blocks.push(
      new Block(settings.char, new CharNgrams(settings.char.ngrams, words, { pairs, size: idf.of.length }), idf),
    );
  }
  if (settings.polarity?.length || file.sections.has('polarity.size')) {
    const [size = 0] = file.section('polarity.size', Uint32Array);
    if (size > words.size) throw file.damaged(`its lexicon has ${size} of ${words.size} words`);
    blocks.push(lexiconBlock(words, size));
  }
  return new Vectorizer(settings, words, blocks);
}

export function saveVectorizer(path: string, vectorizer: Vectorizer): void {
  writeSections(path, 'vectorizer', { settings: vectorizer.settings }, vectorizerSections(vectorizer));
}

/** Throws MODEL_MISSING, MODEL_DAMAGED or MODEL_VERSION. */
export function loadVectorizer(path: string): Vectorizer {
  const file = readSections(path, 'vectorizer');
  const { settings } = file.fields;
  const wrong = vectorizerSettings(settings, 'settings');
  if (wrong !== undefined) throw file.damaged(`in its header, ${wrong}`);
  return vectorizerFromSections(file, settings as VectorizerSettings);
}

function readWords(file: SectionFile): Words {
  const codes = file.section('words.codes', Uint16Array);
  const lengths = file.section('words.lengths', Uint8Array);
  let letters = 0;
  for (let id = 0; id < lengths.length; id++) {
    letters += lengths[id];
    if (lengths[id] === 0) throw file.damaged(`word ${id} has no letters`);
  }
  if (letters !== codes.length) throw file.damaged(`its words have ${letters} letters in place of ${codes.length}`);
  return built(file, () => new Words(codes, lengths));
}

/** Throws MODEL_DAMAGED if what is built holds something twice. */
function built<T>(file: SectionFile, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof RangeError) throw file.damaged(error.message);
    throw error;
  }
}

function readIdf(file: SectionFile, unit: string): Idf {
  const of = file.section(`${unit}.idf_of`, Uint16Array);
  const values = file.section(`${unit}.idf`, Float64Array);
  // ln(n) + 1 is 23 for the most texts that a column can count.
  const wrong = values.find((value) => !(value >= 0 && value <= 100));
  if (wrong !== undefined) throw file.damaged(`${unit} n-grams have the inverse document frequency ${wrong}`);
  let most = -1;
  for (let j = 0; j < of.length; j++) if (of[j] > most) most = of[j];
  if (most >= values.length) throw file.damaged(`${unit} n-grams have ${values.length} inverse document frequencies`);
  return { of, values };
}

/** `units` says below what the left and the right of a pair are; `single` are columns of n-grams that are no pairs. */
function readPairs(
  file: SectionFile,
  unit: string,
  units: { left: number; right: number },
  { of: { length: size } }: Idf,
  single: Int32Array,
): Pairs {
  const records = file.section(`${unit}.pairs`, Int32Array);
  if (records.length % RECORD !== 0) throw file.damaged(`its ${unit} pairs end within one`);
  const used = new Uint8Array(size);
  let columns = 0;
  for (let at = 0; at < single.length; at++) {
    const column = single[at];
    if (column === -1) continue;
    if (!(column >= 0 && column < size) || used[column] === 1)
      throw file.damaged(`word ${at} has the column ${column}`);
    used[column] = 1;
    columns++;
  }
  for (let at = 0, pair = 0; at < records.length; at += RECORD, pair++) {
    const left = records[at];
    const right = records[at + 1];
    const column = records[at + 2];
    if (left >= units.left || ~left >= pair || right < 0 || right >= units.right) {
      throw file.damaged(`${unit} pair ${pair} is of ${left} and ${right}`);
    }
    if (column === -1) continue;
    if (!(column >= 0 && column < size) || used[column] === 1) {
      throw file.damaged(`${unit} pair ${pair} has the column ${column}`);
    }
    used[column] = 1;
    columns++;
  }
  if (columns !== size) throw file.damaged(`${size - columns} of ${size} columns belong to no ${unit} n-gram`);
  return built(file, () => new Pairs(records));
}
