/** Stores a vectorizer as sections of typed arrays, and restores it. */
import { Block } from '../features/block.ts';
import type { NgramUnit } from '../features/ngrams.ts';
import { Vectorizer, type VectorizerSettings } from '../features/vectorizer.ts';
import { extendHash, HASH_SEED, Vocabulary, type VocabularyData } from '../features/vocabulary.ts';
import { vectorizerSettings } from './header.ts';
import { readSections, type Section, type SectionFile, writeSections } from './sections.ts';

/** The sections of each block: `word.codes`, `word.idf` and so on. */
export function vectorizerSections(vectorizer: Vectorizer): Map<string, Section> {
  const sections = new Map<string, Section>();
  for (const { unit, vocabulary, idf } of vectorizer.blocks) {
    const { codes, offsets, hashes, slots } = vocabulary.data();
    sections.set(`${unit}.codes`, codes);
    sections.set(`${unit}.offsets`, offsets);
    sections.set(`${unit}.hashes`, hashes);
    sections.set(`${unit}.slots`, slots);
    sections.set(`${unit}.idf`, idf);
  }
  return sections;
}

/** Throws MODEL_DAMAGED if a section is missing, or has a length or a value that it cannot have. */
export function vectorizerFromSections(file: SectionFile, settings: VectorizerSettings): Vectorizer {
  const units: NgramUnit[] = ['word', 'char'];
  const blocks = units.flatMap((unit) => {
    const block = settings[unit];
    if (!block) return [];
    const codes = file.section(`${unit}.codes`, Uint16Array);
    const offsets = file.section(`${unit}.offsets`, Uint32Array);
    const hashes = file.section(`${unit}.hashes`, Uint32Array);
    const slots = file.section(`${unit}.slots`, Int32Array);
    const idf = file.section(`${unit}.idf`, Float64Array);
    const shapesFit =
      offsets.length === hashes.length + 1 &&
      idf.length === hashes.length &&
      offsets[hashes.length] === codes.length &&
      slots.length >= 2 * hashes.length &&
      Number.isInteger(Math.log2(slots.length));
    if (!shapesFit) throw file.damaged(`the arrays of the ${unit} vocabulary do not fit together`);
    const vocabulary = new Vocabulary({ codes, offsets, hashes, slots });
    const wrong = wrongIn({ codes, offsets, hashes, slots }, idf, vocabulary);
    if (wrong !== undefined) throw file.damaged(`in the ${unit} vocabulary, ${wrong}`);
    return [new Block(unit, block, vocabulary, idf)];
  });
  return new Vectorizer(settings, blocks);
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

/**
 * What no vocabulary of this program has. The check of the slots makes every look-up end; that terms are found where they
 * should be is checked for some of them, since a damaged table fails for nearly all.
 *
 * One loop, which runs once at the start of the service: V8 would take milliseconds to optimise each of several.
 */
function wrongIn(
  { codes, offsets, slots }: VocabularyData,
  idf: Float64Array,
  vocabulary: Vocabulary,
): string | undefined {
  const { size } = vocabulary;
  if (offsets[0] !== 0) return `the first term begins at ${offsets[0]}`;
  let start = 0;
  let used = slots.length;
  // Negative if a slot holds neither a column nor -1.
  let signs = 0;
  for (let i = 0; i < slots.length; i++) {
    const column = slots[i];
    signs |= (size - 1 - column) | (column + 1);
    used += column >> 31;
    if (i >= size) continue;
    const end = offsets[i + 1];
    if (end <= start) return `term ${i} ends before it begins`;
    start = end;
    // ln(n) + 1 is 23 for the most texts that a column can count.
    if (!(idf[i] >= 0 && idf[i] <= 100)) return `term ${i} has the inverse document frequency ${idf[i]}`;
  }
  if (signs < 0) return 'a slot holds an unknown column';
  if (used !== size) return `${used} slots are in use for ${size} terms`;
  const step = Math.max(1, Math.floor(size / 100));
  for (let column = 0; column < size; column += step) {
    let hash = HASH_SEED;
    for (let at = offsets[column]; at < offsets[column + 1]; at++) hash = extendHash(hash, codes[at]);
    if (vocabulary.find(codes, offsets[column], offsets[column + 1], hash) !== column) {
      return `term ${column} is not found in its place`;
    }
  }
}
