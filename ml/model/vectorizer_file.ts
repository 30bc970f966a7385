/** A vectorizer as typed arrays, and back. */
import { SentimentError } from '../errors.ts';
import { Block } from '../features/block.ts';
import type { NgramUnit } from '../features/ngrams.ts';
import { Vectorizer, type VectorizerSettings } from '../features/vectorizer.ts';
import { Vocabulary } from '../features/vocabulary.ts';
import { readSections, type Section, writeSections } from './sections.ts';

/** The sections of each block: `word.codes`, `word.idf`, and so on. */
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

/** Throws MODEL_DAMAGED when a section is missing or its shape is wrong. */
export function vectorizerFromSections(
  path: string,
  settings: VectorizerSettings,
  sections: ReadonlyMap<string, Section>,
): Vectorizer {
  const units: NgramUnit[] = ['word', 'char'];
  const blocks = units.flatMap((unit) => {
    const block = settings[unit];
    if (!block) return [];
    const codes = section(path, sections, `${unit}.codes`, Uint16Array);
    const offsets = section(path, sections, `${unit}.offsets`, Uint32Array);
    const hashes = section(path, sections, `${unit}.hashes`, Uint32Array);
    const slots = section(path, sections, `${unit}.slots`, Int32Array);
    const idf = section(path, sections, `${unit}.idf`, Float64Array);
    const shapesFit =
      offsets.length === hashes.length + 1 &&
      idf.length === hashes.length &&
      offsets[hashes.length] === codes.length &&
      slots.length > hashes.length &&
      Number.isInteger(Math.log2(slots.length));
    if (!shapesFit) throw damaged(path, `the ${unit} vocabulary's arrays do not fit each other`);
    return [new Block(unit, block, new Vocabulary({ codes, offsets, hashes, slots }), idf)];
  });
  return new Vectorizer(settings, blocks);
}

export function saveVectorizer(path: string, vectorizer: Vectorizer): void {
  writeSections(path, 'vectorizer', { settings: vectorizer.settings }, vectorizerSections(vectorizer));
}

export function loadVectorizer(path: string): Vectorizer {
  const { fields, sections } = readSections(path, 'vectorizer');
  return vectorizerFromSections(path, fields.settings as VectorizerSettings, sections);
}

export function section<T extends Section>(
  path: string,
  sections: ReadonlyMap<string, Section>,
  name: string,
  type: new (length: number) => T,
): T {
  const found = sections.get(name);
  if (!(found instanceof type)) throw damaged(path, `section ${name} is missing or of another type`);
  return found;
}

export function damaged(path: string, what: string): SentimentError {
  return new SentimentError('MODEL_DAMAGED', `${path} is damaged: ${what}`, {
    next: 'make the file again: it was cut short or changed after it was written',
  });
}
