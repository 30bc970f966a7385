/**
 * The artifact: one file with everything a prediction needs (see sections.ts for the container).
 *
 * Equal training inputs give equal bytes. 100k features load in a few milliseconds, because vocabulary and weights are
 * used in place, without parsing.
 */
import { isDeepStrictEqual } from 'node:util';
import type { VectorizerSettings } from '../features/vectorizer.ts';
import type { NormalizeSettings } from '../text/rules.ts';
import { type FingerprintFacts, Fingerprints, fingerprintHeader } from './fingerprints.ts';
import { modelHeader } from './header.ts';
import { LinearTextModel, type ModelParts } from './linear_text_model.ts';
import { readSections, type SectionFile, writeSections } from './sections.ts';
import type { Decision, ModelFacts, TrainingProfile } from './types.ts';
import { vectorizerFromSections, vectorizerSections } from './vectorizer_file.ts';

const KIND = 'sentiment model';

/** The classes of a file that names none. */
export const SENTIMENTS: readonly string[] = ['negative', 'positive'];

/** More than two classes have a list in place of each number. */
type Scales =
  | { intercept: number; calibration: { slope: number; offset: number } }
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
};

/** Writes the artifact. Returns the SHA-256 of the file, hex. */
export function saveModel(path: string, parts: ModelParts): string {
  const { classes, ordered, intercepts, calibration } = parts;
  const { slopes, offsets } = calibration;
  const scales: Scales =
    intercepts.length > 1
      ? { intercepts, calibration: { slopes, offsets } }
      : { intercept: intercepts[0], calibration: { slope: slopes[0], offset: offsets[0] } };
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
  };
  const sections = vectorizerSections(parts.vectorizer);
  sections.set('weights', parts.weights);
  if (parts.fingerprints) sections.set('fingerprints', parts.fingerprints.words);
  return writeSections(path, KIND, fields, sections);
}

/** Loads a trained model. Throws MODEL_MISSING, MODEL_DAMAGED or MODEL_VERSION, each with the path. */
export function readModel(path: string): LinearTextModel {
  const file = readSections(path, KIND);
  const wrong = modelHeader(file.fields, '') ?? fingerprintHeader(file.fields.fingerprints, 'fingerprints');
  if (wrong !== undefined) throw file.damaged(`in its header, ${wrong}`);
  const fields = file.fields as ModelFields;
  const { normalize, vectorizer: settings, decision, facts, profile } = fields;
  const { names: classes, ordered } = fields.classes ?? { names: SENTIMENTS, ordered: true };
  const { intercepts, calibration } =
    'intercept' in fields
      ? {
          intercepts: [fields.intercept],
          calibration: { slopes: [fields.calibration.slope], offsets: [fields.calibration.offset] },
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
  return new LinearTextModel({ ...parts, profile: known, fingerprints }, file.digest);
}

function readFingerprints(file: SectionFile): Fingerprints | undefined {
  const { fingerprints: facts } = file.fields as ModelFields;
  if (facts?.version !== 1) return undefined;
  const fingerprints = new Fingerprints(facts, file.section('fingerprints', Uint32Array));
  const wrong = fingerprints.wrong();
  if (wrong !== undefined) throw file.damaged(wrong);
  return fingerprints;
}

/**
 * Fingerprints of the texts with these keys (see Fingerprints.of), which take at most a tenth of what the rest of the
 * artifact takes.
 */
export function fingerprintsOf(
  keys: Iterable<string>,
  { vectorizer, weights }: Pick<ModelParts, 'vectorizer' | 'weights'>,
): Fingerprints {
  const bytes = [...vectorizerSections(vectorizer).values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Fingerprints.of(keys, (bytes + weights.byteLength) / 10);
}

/**
 * Copies an artifact and adds facts that are known only after training (metrics, run, commit). Weights and vocabulary
 * stay the same, byte for byte. Returns the SHA-256 of the new file, hex.
 */
export function stampFacts(from: string, to: string, facts: Partial<ModelFacts>): string {
  const { parts } = readModel(from);
  return saveModel(to, { ...parts, facts: { ...parts.facts, ...facts } });
}
