/**
 * The artifact: one file with everything a prediction needs (see sections.ts for the container).
 *
 * Equal training inputs give equal bytes. 100k features load in a few milliseconds, because vocabulary and weights are
 * used in place, without parsing.
 */
import type { KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { SentimentError } from '../errors.ts';
import type { VectorizerSettings } from '../features/vectorizer.ts';
import type { NormalizeSettings } from '../text/rules.ts';
import { type FingerprintFacts, Fingerprints, fingerprintHeader } from './fingerprints.ts';
import { modelHeader } from './header.ts';
import { LinearTextModel, type ModelParts } from './linear_text_model.ts';
import { readSections, type SectionFile, type SharedBytes, writeSections } from './sections.ts';
import { failedSelfTest, type SelfTest, selfTestHeader, selfTestOf } from './self_test.ts';
import { checkSignature, type Signer } from './signature.ts';
import type { Decision, ModelFacts, TrainingProfile } from './types.ts';
import { vectorizerFromSections, vectorizerSections } from './vectorizer_file.ts';

const KIND = 'sentiment model';

/** The largest size of an artifact, in bytes. */
export const MOST_MODEL_BYTES = 2 ** 31;

/** The classes of a file that names none. */
export const SENTIMENTS: readonly string[] = ['negative', 'positive'];

/** More than two classes have a list in place of each number. */
type Scales =
  | { intercept: number; calibration: { slope: number; offset: number; signs?: number | undefined } }
  | { intercepts: readonly number[]; calibration: { slopes: readonly number[]; offsets: readonly number[] } };

type ModelFields = Scales & {
  normalize: NormalizeSettings;
  vectorizer: VectorizerSettings;
  /** Left out for SENTIMENTS. */
  classes?: { names: readonly string[]; ordered: boolean };
  decision?: Decision;
  facts: ModelFacts;
  profile?: TrainingProfile;
  fingerprints?: FingerprintFacts;
  self_test?: SelfTest;
};

/** Writes the artifact, signed if there is a signer. Returns the SHA-256 of the file, hex. */
export function saveModel(path: string, parts: ModelParts, sign?: Signer): string {
  const { classes, ordered, intercepts, calibration } = parts;
  const { slopes, offsets, signs } = calibration;
  const scales: Scales =
    intercepts.length > 1
      ? { intercepts, calibration: { slopes, offsets } }
      : { intercept: intercepts[0], calibration: { slope: slopes[0], offset: offsets[0], signs } };
  const { texts, scores } = selfTestOf(new LinearTextModel(parts));
  const isUsual = ordered && isDeepStrictEqual(classes, SENTIMENTS);
  const fields: ModelFields = {
    normalize: parts.normalize,
    vectorizer: parts.vectorizer.settings,
    ...scales,
    // JSON leaves out what is undefined.
    classes: isUsual ? undefined : { names: classes, ordered },
    decision: parts.decision,
    facts: parts.facts,
    profile: parts.profile,
    fingerprints: parts.fingerprints?.facts,
    self_test: { version: 1, texts },
  };
  const sections = vectorizerSections(parts.vectorizer);
  sections.set('weights', parts.weights);
  if (parts.fingerprints) sections.set('fingerprints', parts.fingerprints.words);
  sections.set('self_test', scores);
  return writeSections(path, KIND, fields, sections, sign);
}

export type ReadOptions = {
  /** The model has to be signed with its private key. */
  key?: KeyObject | undefined;
  /** Is told what the model lacks that later ones have, in a sentence. */
  warn?: (sentence: string) => void;
  /** Memory to share with threads that read the same file. */
  shared?: SharedBytes | undefined;
};

/**
 * Loads a trained model, and trusts nothing in it: header, arrays and self-test are checked. Throws MODEL_MISSING, MODEL_DAMAGED,
 * MODEL_VERSION, MODEL_TOO_LARGE or MODEL_SIGNATURE, each with the path.
 */
export function readModel(path: string, { key, warn = () => {}, shared }: ReadOptions = {}): LinearTextModel {
  const file = readSections(path, KIND, MOST_MODEL_BYTES, shared);
  if (key) checkSignature(path, file, key);
  const wrong =
    modelHeader(file.fields, '') ??
    fingerprintHeader(file.fields.fingerprints, 'fingerprints') ??
    selfTestHeader(file.fields.self_test, 'self_test');
  if (wrong !== undefined) throw file.damaged(`in its header, ${wrong}`);
  const fields = file.fields as ModelFields;
  const { normalize, vectorizer: settings, decision, facts, profile } = fields;
  const { names: classes, ordered } = fields.classes ?? { names: SENTIMENTS, ordered: true };
  const { intercepts, calibration } =
    'intercept' in fields
      ? {
          intercepts: [fields.intercept],
          calibration: {
            slopes: [fields.calibration.slope],
            offsets: [fields.calibration.offset],
            signs: fields.calibration.signs,
          },
        }
      : fields;
  const outputs = classes.length > 2 ? classes.length : 1;
  for (const list of [intercepts, calibration.slopes, calibration.offsets]) {
    if (list.length !== outputs)
      throw file.damaged(`its ${classes.length} classes have ${list.length} intercepts or scales`);
  }
  const vectorizer = vectorizerFromSections(file, settings);
  const weights = file.section('weights', Float32Array);
  if (weights.length !== vectorizer.columnCount * outputs) {
    const each = outputs === 1 ? '' : ` and ${outputs} classes`;
    throw file.damaged(`it has ${weights.length} weights for ${vectorizer.columnCount} features${each}`);
  }
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    if (weights.includes(value)) throw file.damaged(`one of its weights is ${value}`);
  }
  // The model predicts without the profile or the fingerprints of a later version.
  const known = profile?.version === 1 ? profile : undefined;
  const fingerprints = readFingerprints(file);
  const parts = { classes, ordered, normalize, vectorizer, weights, intercepts, calibration, decision, facts };
  const model = new LinearTextModel({ ...parts, profile: known, fingerprints }, file.digest);
  if (fields.self_test === undefined) warn(`${path} carries no self-test: it was made before models did`);
  else if (fields.self_test.version === 1) {
    const { texts } = fields.self_test;
    const failed = failedSelfTest(model, texts, file.section('self_test', Float64Array));
    if (failed !== undefined) throw file.damaged(failed);
  }
  return model;
}

/** Whether the file is an artifact that is signed with the private key of `key`. */
export function isSignedModel(path: string, key: KeyObject): boolean {
  try {
    checkSignature(path, readSections(path, KIND, MOST_MODEL_BYTES), key);
    return true;
  } catch (error) {
    if (error instanceof SentimentError) return false;
    throw error;
  }
}

function readFingerprints(file: SectionFile): Fingerprints | undefined {
  const { fingerprints: facts } = file.fields as ModelFields;
  if (facts?.version !== 1) return undefined;
  const fingerprints = new Fingerprints(facts, file.section('fingerprints', Uint32Array));
  const wrong = fingerprints.wrong();
  if (wrong !== undefined) throw file.damaged(wrong);
  return fingerprints;
}

/** So many bytes are fine in the smallest artifact: a tenth of it would be a filter that takes most texts for known. */
const FINGERPRINT_ROOM = 2 ** 14;

/**
 * Fingerprints of the texts with these keys (see Fingerprints.of), which take at most a tenth of what the rest of the
 * artifact takes, or 16 KiB.
 */
export function fingerprintsOf(
  keys: Iterable<string>,
  { vectorizer, weights }: Pick<ModelParts, 'vectorizer' | 'weights'>,
): Fingerprints {
  const bytes = [...vectorizerSections(vectorizer).values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Fingerprints.of(keys, Math.max(FINGERPRINT_ROOM, (bytes + weights.byteLength) / 10));
}

/**
 * Copies an artifact and adds facts that are known only after training (metrics, run, commit). Weights and vocabulary
 * stay the same, byte for byte. Returns the SHA-256 of the new file, hex.
 */
export function stampFacts(from: string, to: string, facts: Partial<ModelFacts>, sign?: Signer): string {
  const { parts } = readModel(from);
  return saveModel(to, { ...parts, facts: { ...parts.facts, ...facts } }, sign);
}
