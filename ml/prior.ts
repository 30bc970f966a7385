/**
 * What people with few labelled texts can begin with: another model's opinion of each word, as one more feature of the words
 * (lexicon.ts), of which the fit learns how much it counts. Serving is a sum over words as before.
 *
 * The other model is the general one, without the corpus that the texts are from, or a model file. Where a text's label is what
 * the other model has learnt from, its opinion would look better than it is.
 */
import { resolve } from 'node:path';
import { nearDuplicateKey } from './corpus/duplicates.ts';
import { usageError } from './errors.ts';
import { countGeneralTexts, GENERAL_CORPORA, generalWords } from './lexicon/general_words.ts';
import type { Prior } from './lexicon/lexicon.ts';
import { isPriorFile } from './lexicon/table_names.ts';
import { readModel } from './model/artifact.ts';
import type { LinearTextModel } from './model/linear_text_model.ts';

/** From so many texts on, `auto` does without: they gain less than a point. */
export const ENOUGH_TEXTS = 3000;
/** A smaller share of common texts is chance: "Thank you!" */
const COMMON = 0.01;

/**
 * `setting` is auto (general where there are few texts and it helps), general, none, or the path of a model file. `texts` are the
 * training texts as given. Undefined for no prior. Throws what readModel throws, PRIOR_CLASSES (2), PRIOR_KNOWS (2).
 */
export function priorOf(setting: string, texts: Iterable<{ text: string }>): Prior | undefined {
  if (setting === 'none') return undefined;
  const keys: string[] = [];
  for (const { text } of texts) {
    keys.push(nearDuplicateKey(text));
    if (setting === 'auto' && keys.length === ENOUGH_TEXTS) return undefined;
  }
  if (isPriorFile(setting)) return priorOfFile(setting, keys);
  const counts = countGeneralTexts(keys);
  const left = GENERAL_CORPORA.filter((_, i) => counts[i] > COMMON * keys.length);
  // The table has no model that leaves out two corpora.
  if (left.length > 1) {
    if (setting === 'auto') return undefined;
    throw usageError(
      'PRIOR_KNOWS',
      `the general model has learnt from these texts (${left.join(', ')}), so its opinion of them looks better than it is`,
      'leave the prior out: --prior none, or feature_engineering.prior in params.yaml',
    );
  }
  return {
    name: left.length === 0 ? 'general' : `general without ${left[0]}`,
    ...generalWords(left.length === 0 ? 0 : 1 + GENERAL_CORPORA.indexOf(left[0])),
    always: setting === 'general',
  };
}

function priorOfFile(path: string, keys: readonly string[]): Prior {
  const model = readModel(resolve(path));
  const { classes, vectorizer, fingerprints } = model.parts;
  if (classes.length > 2) {
    throw usageError('PRIOR_CLASSES', `${path} tells ${classes.length} classes apart`, 'use a prior of two classes');
  }
  const known = fingerprints ? shareOf(keys, (key) => fingerprints.has(key)) : 0;
  if (known > COMMON + (fingerprints?.facts.false_positive_rate ?? 0)) {
    throw usageError(
      'PRIOR_KNOWS',
      `${path} was trained on ${(100 * known).toFixed(0)} % of these texts, so its opinion of them looks better than it is`,
      'use a prior that was trained on other texts, or --prior general',
    );
  }
  const words = Array.from({ length: vectorizer.words.size }, (_, id) => vectorizer.words.word(id));
  return { name: path, words, ratings: ratingsOf(model, words), always: true };
}

/** By how much each word alone raises the score of a model of two classes. */
export function ratingsOf(model: LinearTextModel, words: readonly string[]): Float32Array<ArrayBuffer> {
  const [nothing] = model.scores('');
  return Float32Array.from(words, (word) => model.scores(word)[0] - nothing);
}

function shareOf(keys: readonly string[], isKnown: (key: string) => boolean): number {
  return keys.filter(isKnown).length / Math.max(1, keys.length);
}
