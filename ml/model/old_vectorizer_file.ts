/**
 * Restores a vectorizer from a file of format 1, which held the letters of every n-gram: `word.codes` and `word.offsets`, and an
 * idf for each column. Models of that time load and score as they did; saved again, they have the format of today.
 */
import { Block, idfOf } from '../features/block.ts';
import { CharNgrams, WordNgrams } from '../features/ngrams.ts';
import { Pairs } from '../features/pairs.ts';
import { Vectorizer, type VectorizerSettings } from '../features/vectorizer.ts';
import { Words } from '../text/words.ts';
import type { SectionFile } from './sections.ts';

/** Throws MODEL_DAMAGED. */
export function vectorizerOfFormat1(file: SectionFile, settings: VectorizerSettings): Vectorizer {
  const words = new Words();
  const blocks: Block[] = [];
  if (settings.word) {
    const pairs = new Pairs();
    const columns: number[] = [];
    const terms = readTerms(file, 'word');
    terms.forEach((term, column) => {
      const ids = term.split(' ').map((word) => words.idOf(word));
      while (columns.length < words.size) columns.push(-1);
      if (ids.length === 1) columns[ids[0]] = column;
      else pairs.setColumn(chain(pairs, ids[0], ids.slice(1)), column);
    });
    const known = { columns: Int32Array.from(columns), pairs, size: terms.length };
    const ngrams = new WordNgrams(settings.word.ngrams, words, known);
    blocks.push(new Block(settings.word, ngrams, readIdf(file, 'word', terms.length)));
  }
  if (settings.char) {
    const pairs = new Pairs();
    const terms = readTerms(file, 'char');
    terms.forEach((term, column) => {
      const codes = Array.from({ length: term.length }, (_, i) => term.charCodeAt(i));
      pairs.setColumn(chain(pairs, 0, codes), column);
    });
    const ngrams = new CharNgrams(settings.char.ngrams, words, { pairs, size: terms.length });
    blocks.push(new Block(settings.char, ngrams, readIdf(file, 'char', terms.length)));
  }
  return new Vectorizer(settings, words, blocks);
}

/** The pair that ends the n-gram, with all that lead to it. */
function chain(pairs: Pairs, first: number, others: readonly number[]): number {
  return ~others.reduce((left, unit) => ~pairs.add(left, unit), first);
}

function readTerms(file: SectionFile, unit: string): string[] {
  const codes = file.section(`${unit}.codes`, Uint16Array);
  const offsets = file.section(`${unit}.offsets`, Uint32Array);
  const size = offsets.length - 1;
  if (offsets[0] !== 0 || offsets[size] !== codes.length) throw file.damaged(`its ${unit} n-grams lack letters`);
  const bytes = Buffer.from(codes.buffer, codes.byteOffset, codes.byteLength);
  const terms = Array.from({ length: size }, (_, j) => {
    if (offsets[j] >= offsets[j + 1]) throw file.damaged(`${unit} n-gram ${j} ends before it begins`);
    return bytes.toString('utf16le', 2 * offsets[j], 2 * offsets[j + 1]);
  });
  if (new Set(terms).size < size) throw file.damaged(`one of its ${unit} n-grams occurs twice`);
  return terms;
}

function readIdf(file: SectionFile, unit: string, size: number) {
  const idf = file.section(`${unit}.idf`, Float64Array);
  const wrong = idf.find((value) => !(value >= 0 && value <= 100));
  if (idf.length !== size || wrong !== undefined) {
    throw file.damaged(`${idf.length} inverse document frequencies of ${size} ${unit} n-grams do not fit: ${wrong}`);
  }
  return idfOf(idf, (value) => value);
}
