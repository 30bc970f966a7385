/** Stores a vectorizer as sections of typed arrays, and restores it. */
import { Block } from '../features/block.ts';
import type { NgramUnit } from '../features/ngrams.ts';
import { Vectorizer, type VectorizerSettings } from '../features/vectorizer.ts';
import { Vocabulary } from '../features/vocabulary.ts';
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

/** Throws MODEL_DAMAGED if a section is missing or has the wrong shape. */
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
      slots.length > hashes.length &&
      Number.isInteger(Math.log2(slots.length));
    if (!shapesFit) throw file.damaged(`the arrays of the ${unit} vocabulary do not fit together`);
    return [new Block(unit, block, new Vocabulary({ codes, offsets, hashes, slots }), idf)];
  });
  return new Vectorizer(settings, blocks);
}

export function saveVectorizer(path: string, vectorizer: Vectorizer): void {
  writeSections(path, 'vectorizer', { settings: vectorizer.settings }, vectorizerSections(vectorizer));
}

/** Throws MODEL_MISSING, MODEL_DAMAGED or MODEL_VERSION. */
export function loadVectorizer(path: string): Vectorizer {
  const file = readSections(path, 'vectorizer');
  return vectorizerFromSections(file, file.fields.settings as VectorizerSettings);
}
